// The camera as a reader: frames go to every way that looks at frames, QR first.
import decode from "../vendor/qr/decode.js";

const WIDTH = 640, EVERY = 120;

/** Read the text of a QR code in a frame, by the browser where it can, else by the library; "" for none. */
export function qrReader() {
  const own = "BarcodeDetector" in window ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
  return async (canvas) => {
    if (own) {
      try { return (await own.detect(canvas))[0]?.rawValue ?? ""; } catch { /* the library then */ }
    }
    const { width, height } = canvas;
    try {
      return decode({ width, height, data: canvas.getContext("2d", { willReadFrequently: true }).getImageData(0, 0, width, height).data });
    } catch { return ""; }
  };
}

/** Show the camera in `view` and hand frames to `look(canvas)` until it returns true or `stop()` is called. */
export async function watch(view, look) {
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  const canvas = document.createElement("canvas");
  let running = true;
  const stop = () => { running = false; for (const track of stream.getTracks()) track.stop(); view.srcObject = null; view.hidden = true; };
  view.srcObject = stream;
  view.hidden = false;
  await view.play();
  (async () => {
    while (running) {
      if (view.videoWidth) {
        canvas.width = Math.min(WIDTH, view.videoWidth);
        canvas.height = Math.round((canvas.width * view.videoHeight) / view.videoWidth);
        canvas.getContext("2d", { willReadFrequently: true }).drawImage(view, 0, 0, canvas.width, canvas.height);
        if (await look(canvas)) stop();
      }
      await new Promise((again) => setTimeout(again, EVERY));
    }
  })();
  return stop;
}
