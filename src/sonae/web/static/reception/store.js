// What this device keeps: one database for each world, so that an exercise never touches the real one.
import { openDB } from "../vendor/idb/index.js";

/** Open the device's database: `meta` (enrolment, keys, list) and `box` (events, in order of making). */
export const openStore = (world) => openDB(`sonae-reception-${world}`, 1, {
  upgrade(db) {
    db.createObjectStore("meta");
    const box = db.createObjectStore("box", { keyPath: "n", autoIncrement: true });
    box.createIndex("state", ["state", "n"]);
    box.createIndex("id", "id", { unique: true });
  },
});

/** Write in one transaction; resolves only when the disk has it (`durability: strict`). */
export async function write(db, stores, work) {
  const tx = db.transaction(stores, "readwrite", { durability: "strict" });
  try {
    const made = await work(tx);
    await tx.done;
    return made;
  } catch (error) {
    tx.done.catch(() => {});
    // Nothing of it half: an event without its clock, or the other way round.
    try { tx.abort(); } catch { /* it has ended already */ }
    throw error;
  }
}

/** Whether the disk still is of this enrolment: another page may have enrolled the device anew, or wiped it. */
export async function same(tx, info) {
  const kept = await tx.objectStore("meta").get("info");
  return kept?.terminal === info?.terminal && kept?.enrolment === info?.enrolment;
}

/** Refuse to write what is of another enrolment: sealed under its key, nobody here could open it. Throws `another`. */
export async function still(tx, info) {
  if (!(await same(tx, info))) throw new Error("another");
}

/** Ask the browser not to evict what lies here; whether it promised. */
export async function persisted() {
  if (!navigator.storage?.persist) return false;
  return (await navigator.storage.persisted()) || navigator.storage.persist();
}
