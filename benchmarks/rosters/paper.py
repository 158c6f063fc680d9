"""People who write themselves on a card: what they leave out, what they write otherwise, what goes wrong.

The unit is a family at a table with one sheet. The rates follow the published description of such
rosters (kana only 22 %, kanji only 25 %, another kanji of the same sound 9 %, a look-alike 3 %, a kana
slip 8.5 %; birth date 62 %, age only 24 %; no address 22 %, the town 30 %, all of it 48 %; outsiders
9.4 %, second registrations 6 %). ``hard`` is the paper of the first 72 hours: kana only 45 %, a birth
date 25 %, no address 45 %.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np

from rosters import FIELDS, Columns, Written

AS_OF = date(2026, 7, 1)
OUTSIDERS, AGAIN = 0.094, 0.06
_ALIKE = (
    "太大犬", "祐裕佑", "未末", "己巳已", "朗郎", "千干", "士土", "瑛英", "晴清", "幸辛", "奈名", "美実",
    "斎斉", "崎埼", "萩荻", "博博溥", "徹撤", "亮高", "徳得", "秀禿", "洋羊", "彰影", "渡度", "藤籐", "沢択", "原厚",
    "久夂", "子了", "樹村", "輝揮", "智知", "紀記", "和知", "真直", "陽場", "悠攸", "央史", "由田", "百白", "人入",
)  # fmt: skip
_NEW_FORMS = str.maketrans(
    "邊邉髙齋齊𠮷﨑嶋澤廣濱櫻國關條冨瀧", "辺辺高斎斉吉崎島沢広浜桜国関条富滝"
)
_OLD_FORMS = {
    "辺": "邊",
    "高": "髙",
    "斎": "齋",
    "崎": "﨑",
    "島": "嶋",
    "沢": "澤",
    "広": "廣",
    "浜": "濱",
}
_VOICE = {
    ord(a): b
    for a, b in zip(
        "ガギグゲゴザジズゼゾダデドバビブベボヂヅ",
        "カキクケコサシスセソタテトハヒフヘホチツ",
        strict=True,
    )
}
_SMALL = {"ャ": "ヤ", "ュ": "ユ", "ョ": "ヨ", "ッ": "ツ"}
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
_CHOME = "〇一二三四五六七八九"
_ELSEWHERE = (
    "隣山市",
    "海辺市",
    "北原町",
    "川上村",
    "東京都大田区",
    "神奈川県横浜市港北区",
    "大阪府堺市堺区",
)
_ERAS = (("令和", "R", 2019), ("平成", "H", 1989), ("昭和", "S", 1926), ("大正", "T", 1912))


@dataclass
class Habits:
    """Shares that differ between the quiet week and the first 72 hours."""

    kana_only: float = 0.22
    kanji_only: float = 0.25
    birth: float = 0.62
    age: float = 0.24
    no_address: float = 0.22
    town: float = 0.30
    sex: float = 0.7
    slip: float = 1.0


HARD = Habits(
    kana_only=0.45,
    kanji_only=0.18,
    birth=0.25,
    age=0.40,
    no_address=0.45,
    town=0.32,
    sex=0.5,
    slip=1.25,
)


@dataclass
class Pen:
    """Chance, and what the register says is confusable: other kanji of the same sound."""

    rng: np.random.Generator
    habits: Habits
    sounds: dict[str, list[str]] = field(default_factory=dict)
    addresses: list[str] = field(default_factory=list)

    def may(self, share: float) -> bool:
        """Whether something of this share happens now."""
        return bool(self.rng.random() < share)

    def slips(self, share: float) -> bool:
        """Whether an error happens; more on hard paper."""
        return self.may(share * self.habits.slip)

    def one(self, values: str | list[str] | tuple[str, ...]) -> str:
        """Choose one."""
        return str(values[int(self.rng.integers(len(values)))])


def _sounds(register: Columns) -> dict[str, list[str]]:
    """Return the kanji that the register writes for each reading of a surname or a given name."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, spoken in zip(register["name"], register["kana"], strict=True):
        kanji, reading = name.split(" ", 1), spoken.split(" ", 1)
        if len(kanji) == len(reading) == 2:
            found[f"s{reading[0]}"].add(kanji[0])
            found[f"g{reading[1]}"].add(kanji[1])
    return {key: sorted(forms) for key, forms in found.items()}


# --- names -----------------------------------------------------------------------------------


def _kanji(pen: Pen, surname: str, given: str, spoken: tuple[str, str]) -> tuple[str, str]:
    """Write the kanji: 新字 mostly, sometimes another kanji of the same sound or one that looks like it."""
    if pen.may(0.8):
        surname = surname.translate(_NEW_FORMS)
    elif pen.may(0.06):
        surname = "".join(_OLD_FORMS.get(sign, sign) for sign in surname)
    if pen.slips(0.09):
        if pen.may(0.8) and len(others := pen.sounds.get(f"g{spoken[1]}", [])) > 1:
            given = pen.one([o for o in others if o != given] or others)
        elif len(others := pen.sounds.get(f"s{spoken[0]}", [])) > 1:
            surname = pen.one([o for o in others if o != surname] or others)
    if pen.slips(0.03):
        other = _looks_like(pen, given)
        given, surname = (other, surname) if other != given else (given, _looks_like(pen, surname))
    return surname, given


def _looks_like(pen: Pen, text: str) -> str:
    """Replace one character by one that looks like it in handwriting."""
    places = [(n, group) for n, sign in enumerate(text) for group in _ALIKE if sign in group]
    if not places:
        return text
    at, group = places[int(pen.rng.integers(len(places)))]
    return text[:at] + pen.one([s for s in group if s != text[at]]) + text[at + 1 :]


def _kana_slip(pen: Pen, text: str) -> str:
    """Make one of the usual mistakes in kana, one that this name allows."""
    for _try in range(12):
        if (other := _one_slip(pen, text)) not in ("", text):
            return other
    return text


def _one_slip(pen: Pen, text: str) -> str:
    kind = pen.rng.random()
    at = int(pen.rng.integers(len(text)))
    if kind < 0.3:
        return text.translate(_VOICE)
    if kind < 0.45:
        return "".join(_SMALL.get(sign, sign) for sign in text)
    if kind < 0.65:
        return text.replace("ウ", pen.one(["オ", "ー", ""]), 1)
    if kind < 0.75:
        return text.replace("ヅ", "ズ").replace("ヂ", "ジ").replace("ズ", "ヅ", 1)
    if kind < 0.85 and len(text) > 2:
        return text[:at] + text[at + 1 :]
    if kind < 0.95:
        return text[:at] + pen.one(_KANA) + text[at + 1 :]
    return text[: max(0, at - 1)] + text[max(0, at - 1) : at + 1][::-1] + text[at + 1 :]


def _kana(pen: Pen, surname: str, given: str) -> tuple[str, str]:
    if pen.slips(0.085):
        if pen.may(0.5):
            given = _kana_slip(pen, given)
        else:
            surname = _kana_slip(pen, surname)
    if pen.slips(0.01) and len(given) > 3:
        given = given[:2]
    return surname, given


def _script(pen: Pen, text: str, style: float) -> str:
    """Write katakana in the family's own way: hiragana, katakana or half width."""
    if style < 0.45:
        return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
    return _half(text) if style > 0.93 else text


def _half(text: str) -> str:
    wide = unicodedata.normalize("NFKC", "".join(map(chr, range(0xFF66, 0xFF9E))))
    table = dict(zip(wide, map(chr, range(0xFF66, 0xFF9E)), strict=True))
    marks = {"\u3099": "ﾞ", "\u309a": "ﾟ"}
    return "".join(marks.get(c, table.get(c, c)) for c in unicodedata.normalize("NFD", text))


# --- dates and addresses -----------------------------------------------------------------------


def _date(pen: Pen, born: date, style: float) -> str:
    """Write a date in the family's own way, now and then wrongly."""
    year, month, day = born.year, born.month, born.day
    shift = 0
    if pen.slips(0.03):
        year += int(pen.rng.choice([-1, 1]))
    if pen.slips(0.015) and day <= 12:
        month, day = day, month
    if pen.slips(0.01):
        shift = 63
    digits = f"{year:04}{month:02}{day:02}"
    if pen.slips(0.04):
        at = int(pen.rng.integers(2, 8))
        digits = digits[:at] + pen.one("0123456789") + digits[at + 1 :]
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:])
    if style < 0.3:
        return f"{year}-{month:02}-{day:02}"
    if style < 0.4:
        return f"{year}/{month}/{day}"
    era, letter, first = next((e for e in _ERAS if year >= e[2]), _ERAS[-1])
    if shift and letter in "SH":
        era, letter = ("平成", "H") if letter == "S" else ("昭和", "S")
    count = year - first + 1
    return f"{era}{count}年{month}月{day}日" if style < 0.7 else f"{letter}{count}.{month}.{day}"


def _age(pen: Pen, born: date) -> str:
    years = AS_OF.year - born.year - ((AS_OF.month, AS_OF.day) < (born.month, born.day))
    return str(max(0, years + (int(pen.rng.choice([-1, 1])) if pen.slips(0.05) else 0)))


def _address(pen: Pen, text: str, style: float) -> str:
    """Write an address: with or without the city, 丁目 in digits, numbers with hyphens, a number wrong."""
    plain = text.removeprefix("大字") if pen.may(0.6) else text
    if style < 0.6:
        for n, sign in enumerate(_CHOME):
            plain = plain.replace(f"{sign}丁目", f"{n}丁目")
    if style < 0.4:
        for word in ("丁目", "番地", "番"):
            plain = plain.replace(word, "-")
        plain = plain.replace("号", "").strip("-")
    if pen.slips(0.02):
        at = [n for n, sign in enumerate(plain) if sign.isdigit()]
        if at:
            n = at[int(pen.rng.integers(len(at)))]
            plain = plain[:n] + pen.one("123456789") + plain[n + 1 :]
    return f"備え市{plain}" if style % 0.2 < 0.05 else plain


def _town(address: str) -> str:
    """Return the part of an address before the numbers of the block."""
    digits = [n for n, sign in enumerate(address) if sign.isdigit()]
    return address[: digits[0]] if digits else address


# --- cards -------------------------------------------------------------------------------------


@dataclass
class Person:
    """Who is to be written; ``truth`` is empty for an outsider."""

    truth: str
    key: str
    name: tuple[str, str]
    kana: tuple[str, str]
    sex: str
    born: date
    address: str
    phone: str


def _split(text: str) -> tuple[str, str]:
    first, _space, rest = text.partition(" ")
    return first, rest or first


def _residents(register: Columns) -> list[Person]:
    names = ("resident_id", "name", "kana", "sex", "birth_date", "address", "phone")
    return [
        Person(rid, rid, _split(name), _split(kana), sex, date.fromisoformat(born), address, phone)
        for rid, name, kana, sex, born, address, phone in zip(
            *(register[n] for n in names), strict=True
        )
    ]


def _outsider(pen: Pen, everyone: list[Person], number: int) -> Person:
    """Make somebody who is not in the register, of names that occur in it."""
    a, b, c = (everyone[int(n)] for n in pen.rng.integers(0, len(everyone), 3))
    born = b.born + timedelta(days=int(pen.rng.integers(-900, 900)))
    town = c.address if pen.may(0.15) else f"{pen.one(_ELSEWHERE)}{c.address}"
    phone = f"090-1111-{int(pen.rng.integers(10000)):04}" if pen.may(0.3) else ""
    return Person("", f"outsider {number}", (a.name[0], b.name[1]), (a.kana[0], b.kana[1]), b.sex,
                  min(born, AS_OF), town, phone)  # fmt: skip


def _card(pen: Pen, people: list[Person], group: str) -> list[dict[str, str]]:
    """Write one sheet; the later lines leave out what the first has said."""
    habits, style = pen.habits, pen.rng.random(4)
    form = pen.rng.random()
    where = pen.rng.random()
    out: list[dict[str, str]] = []
    for n, person in enumerate(people):
        surname, given = _kanji(pen, *person.name, person.kana)
        said, called = (_script(pen, part, style[0]) for part in _kana(pen, *person.kana))
        gap = "" if style[1] < 0.35 else pen.one([" ", "　"])
        same = n > 0 and person.name[0] == people[0].name[0]
        head, spoken = surname, said
        if same and style[2] < 0.4:
            head, spoken, gap = "〃", "〃", " "
        elif same and style[2] < 0.62:
            head, spoken, gap = "", "", ""
        row = dict.fromkeys(FIELDS, "")
        if form >= habits.kana_only:
            row["name"] = f"{head}{gap}{given}"
        if form < habits.kana_only or form >= habits.kana_only + habits.kanji_only:
            row["kana" if pen.may(0.9) or row["name"] else "name"] = f"{spoken}{gap}{called}"
        row |= _facts(pen, person, style)
        row["address"] = _where(pen, person, people[0], n, where, style)
        row["group"] = group
        out.append({**row, "truth": person.truth, "person": person.key})
    return out


def _facts(pen: Pen, person: Person, style: np.ndarray) -> dict[str, str]:
    """Write birth date or age, sex, phone."""
    habits, drawn = pen.habits, pen.rng.random()
    facts = {"birth_date": "", "age": "", "sex": "", "phone": ""}
    if drawn < habits.birth:
        facts["birth_date"] = _date(pen, person.born, style[3])
    elif drawn < habits.birth + habits.age:
        facts["age"] = _age(pen, person.born)
    if pen.may(habits.sex):
        wrong = pen.slips(0.005)
        facts["sex"] = "女" if (person.sex == "1") == wrong else "男"
    if person.phone and pen.may(0.12):
        facts["phone"] = person.phone
    return facts


def _where(pen: Pen, person: Person, head: Person, n: int, where: float, style: np.ndarray) -> str:
    """Write the address of a line, or that it is the one above."""
    habits = pen.habits
    if where < habits.no_address:
        return ""
    if n and person.address == head.address and pen.may(0.9):
        return "同上" if style[2] < 0.5 else ""
    if pen.slips(0.015):
        return _address(pen, pen.one(pen.addresses), float(style[1]))
    text = _town(person.address) if where < habits.no_address + habits.town else person.address
    return _address(pen, text, float(style[1]))


def _families(
    pen: Pen, register: Columns, everyone: list[Person], wanted: int
) -> list[list[Person]]:
    """Draw the families that came, each with those of its members that are here."""
    homes: dict[str, list[Person]] = defaultdict(list)
    for person, home in zip(everyone, register["household_id"], strict=True):
        homes[home].append(person)
    names, cards, count = sorted(homes), [], 0
    for n in pen.rng.permutation(len(names)).tolist():
        here = [person for person in homes[names[n]] if pen.may(0.85)]
        if here:
            cards += [here] if pen.may(0.85) else [[one] for one in here]
            count += len(here)
        if count >= wanted:
            break
    return cards


def write(register: Columns, lines: int, seed: int, hard: bool) -> Written:
    """Write a roster of about ``lines`` lines; the same seed writes the same roster."""
    pen = Pen(np.random.default_rng(seed), HARD if hard else Habits(), _sounds(register))
    pen.addresses = list(register["address"])
    everyone = _residents(register)
    strangers, again = round(lines * OUTSIDERS), round(lines * AGAIN)
    cards = _families(pen, register, everyone, lines - strangers - again)
    for number in range(strangers):
        person = _outsider(pen, everyone, number)
        if pen.may(0.15):
            cards[int(pen.rng.integers(len(cards)))].append(person)
        elif pen.may(0.3) and cards[-1][0].truth == "":
            cards[-1].append(person)
        else:
            cards.append([person])
    flat = [person for card in cards for person in card]
    cards += [[flat[int(n)]] for n in pen.rng.choice(len(flat), again, replace=False)]
    order = pen.rng.permutation(len(cards)).tolist()
    rows = [row for n, at in enumerate(order) for row in _card(pen, cards[at], f"g{n}")]
    columns = {name: [row[name] for row in rows] for name in FIELDS}
    columns["line_id"] = [str(n) for n in range(1, len(rows) + 1)]
    return Written(columns, [row["truth"] for row in rows], [row["person"] for row in rows])
