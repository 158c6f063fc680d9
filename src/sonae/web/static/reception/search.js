// Finding people in the list on this device: the same equalities as the server's desk (core.kana, core.kanji).
const DROPPED = /[\s\-‐‑‒–—―−─━ー・･=.,'’゠]/gu;
const swap = (from, to) => new Map(Array.from(from, (one, at) => [one, Array.from(to)[at]]));
const SMALL = swap("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ"), OLD = swap("ヲヱヰ", "オエイ");
const V_ROW = [["ヴァ", "バ"], ["ヴィ", "ビ"], ["ヴェ", "ベ"], ["ヴォ", "ボ"], ["ヴ", "ブ"]];
const ERAS = { M: 1867, T: 1911, S: 1925, H: 1988, R: 2018, 明治: 1867, 大正: 1911, 昭和: 1925, 平成: 1988, 令和: 2018 };
const each = (given, table) => Array.from(given, (one) => table.get(one) ?? one).join("");

export const katakana = (given) => given.normalize("NFKC").replace(/[ぁ-ゖゝゞ]/gu, (one) => String.fromCodePoint(one.codePointAt(0) + 0x60));
export const isKana = (given) => /^[ァ-ヺー]+$/u.test(katakana(given).replace(DROPPED, ""));

/** The key of a reading: equal for all that 住民記録システム標準仕様書 2.1.2 declares equal. */
export function kanaKey(given) {
  let key = katakana(given).replace(DROPPED, "");
  for (const [written, plain] of V_ROW) key = key.replaceAll(written, plain);
  key = key.normalize("NFD").replace(/[\u3099-\u309c]/gu, "").normalize("NFC");
  return each(each(key, SMALL), OLD).replaceAll("ワ", "ハ").replace(/(?<=[オコソトノホモヨロヲゴゾドボポョォ])ウ/gu, "オ");
}

/** The table of character forms from the two lists of `core.kanji` (the second prevails). */
export function formsOf(kin, same) {
  const table = new Map();
  for (const group of `${kin} ${same}`.split(/\s+/u)) {
    const [first, ...others] = Array.from(group);
    for (const one of others) table.set(one, first);
  }
  return table;
}

/** The key of a written name: no spaces, 新字 for 旧字 and common variants. */
export const nameKey = (given, forms) =>
  each(given.replace(/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]/gu, "").normalize("NFKC"), forms)
    .replace(/[\ue000-\uf8ff\u{f0000}-\u{10fffd}]/gu, "〓").replace(/\s/gu, "");

/** What a word says of a birth date: the digits it begins with, or "" when it is no date. */
export function bornDigits(word) {
  const plain = word.normalize("NFKC").toUpperCase(), two = (given) => given.padStart(2, "0");
  const japanese = /^([MTSHR]|明治|大正|昭和|平成|令和)(元|\d{1,2})(?:[.\-/年](\d{1,2})(?:[.\-/月](\d{1,2})日?)?月?)?年?$/u.exec(plain);
  if (japanese) {
    const [, era, year, month, day] = japanese;
    return `${ERAS[era] + (year === "元" ? 1 : Number(year))}${month ? two(month) : ""}${day ? two(day) : ""}`;
  }
  const plainDate = /^((?:18|19|20)\d\d)(?:[.\-/年]?(\d{1,2})(?:[.\-/月]?(\d{1,2})日?)?月?)?年?$/u.exec(plain);
  return plainDate ? plainDate[1] + (plainDate[2] ? two(plainDate[2]) : "") + (plainDate[3] ? two(plainDate[3]) : "") : "";
}

/** The list made ready: rows of keys beside the people, and ways from card, id and household to them. */
export function indexed(people, forms) {
  const index = { forms, rows: [], byId: new Map(), byCard: new Map(), homes: new Map(), homeCards: new Map() };
  for (const one of people) {
    const kana = one.kana ?? "", key = kanaKey(kana), given = kanaKey(kana.split(/\s+/u)[1] ?? "");
    index.rows.push({ one, kana: key, given, name: nameKey(one.name ?? "", forms), born: (one.birth_date ?? "").replaceAll("-", "") });
    index.byId.set(one.resident_id, one);
    if (one.card) index.byCard.set(one.card.toUpperCase(), one);
    if (!one.household) continue;
    if (!index.homes.has(one.household)) index.homes.set(one.household, []);
    index.homes.get(one.household).push(one);
    if (one.household_card) index.homeCards.set(one.household_card.toUpperCase(), one.household);
  }
  return index;
}

/** Everybody of a person's household, that person first when no household is told. */
export const household = (index, one) => (one.household && index.homes.get(one.household)) || [one];

/** Up to `most` people for what is being typed: name, reading, given name, birth date, in any order. */
export function find(index, typed, most = 30) {
  const words = typed.trim().split(/[\s\u3000]+/u).filter(Boolean);
  const dates = words.map(bornDigits).filter(Boolean);
  const rest = words.filter((word) => !bornDigits(word)).join("");
  if (!rest && !dates.length) return [];
  const kana = rest && isKana(rest) ? kanaKey(rest) : "", name = rest && !kana ? nameKey(rest, index.forms) : "";
  const first = [], later = [];
  for (const row of index.rows) {
    if (dates.some((digits) => !row.born.startsWith(digits))) continue;
    if (rest && !kana && !name) continue;
    if (kana ? row.kana.startsWith(kana) : name ? row.name.startsWith(name) : true) first.push(row.one);
    else if (kana ? row.given.startsWith(kana) : row.name.includes(name)) later.push(row.one);
    if (first.length >= most) break;
  }
  return first.concat(later).slice(0, most);
}
