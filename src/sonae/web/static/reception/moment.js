// Identifiers and times that a device makes: UUID version 7 (RFC 9562) and the hybrid logical clock.
const hex = (number, digits) => number.toString(16).padStart(digits, "0");

/** A new UUID v7 of the millisecond `ms`. */
export function uuid7(ms = Date.now()) {
  const tail = crypto.getRandomValues(new Uint8Array(10));
  tail[0] = 0x70 | (tail[0] & 15);
  tail[2] = 0x80 | (tail[2] & 63);
  const all = hex(ms, 12) + Array.from(tail, (one) => hex(one, 2)).join("");
  return all.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** The next reading after `last` ({ms, counter}): never behind, whatever the device's clock does. */
export function tick(last, now = Date.now()) {
  if (!last || now > last.ms) return { ms: now, counter: 0 };
  return last.counter < 0xffff ? { ms: last.ms, counter: last.counter + 1 } : { ms: last.ms + 1, counter: 0 };
}

/** The contract's text of a reading: it sorts. */
export const clockText = ({ ms, counter }, terminal) => `${String(ms).padStart(13, "0")}-${hex(counter, 4)}-${terminal}`;

/** A moment as Japanese time with its offset, whatever zone the device is set to. */
export const japanese = (ms) => `${new Date(ms + 9 * 3600_000).toISOString().slice(0, 23)}+09:00`;

/** Hours and minutes in Japan of a moment, for the eye. */
export const shortTime = (ms) => japanese(ms).slice(11, 16);
