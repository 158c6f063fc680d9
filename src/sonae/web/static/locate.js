// Progressive: the button appears only where the browser can tell the position.
const button = document.getElementById("locate");
if (button && "geolocation" in navigator && window.isSecureContext) {
  const error = document.getElementById("locate-error");
  button.hidden = false;
  button.addEventListener("click", () => {
    button.setAttribute("aria-disabled", "true");
    error.hidden = true;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        // Four decimals are about ten metres: enough for the way, no more than that.
        const query = new URLSearchParams({ at: `${coords.latitude.toFixed(4)},${coords.longitude.toFixed(4)}` });
        const hazard = document.querySelector("[name=hazard]:checked, input[type=hidden][name=hazard]");
        if (hazard) query.set("hazard", hazard.value);
        location.assign(`${button.dataset.href}?${query}`);
      },
      () => { button.removeAttribute("aria-disabled"); error.hidden = false; },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 60000 },
    );
  });
}
