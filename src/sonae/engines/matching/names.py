"""氏名の比べ方: how near two written names are, and the keys by which names are found.

Tiers, each weaker evidence than the one before and none of them identity:

- ``exact``: equal after NFKC, without spaces, variation selectors and invisible characters.
- ``variant``: equal after the reduction of 異体字 (邉 and 辺), 々 written out.
- ``search``: equal after what a search desk must not tell apart: 旧字 and 新字 of the lists, kana of
  住民記録システム標準仕様書 2.1.2 and the long vowels, hiragana and katakana, any romanisation of the same
  kana, family and given name in the other order.
- ``confusable``: look-alikes of handwriting and of reading machines (未 and 末, シ and ツ), a given
  name cut short (よし for よし子), a character that could not be written (〓, ●, 私用領域).
- ``different``: all else. An empty name is evidence of nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Final, Literal, NamedTuple

from sonae.core import kana, romaji
from sonae.engines.matching.characters import BUILT_IN, Characters

Tier = Literal["exact", "variant", "search", "confusable", "different"]
TIERS: Final[tuple[Tier, ...]] = ("exact", "variant", "search", "confusable", "different")
MISSING: Final = "〓"
"""What stands for a 外字 that the sender could not write; equal to no character, not even itself."""

_INVISIBLE: Final = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u061c\u115f\u1160\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]"
)
_UNWRITTEN: Final = re.compile("[〓●□■◯○◆◇▯▢?？*＊＿_\ufffd\ue000-\uf8ff\U000f0000-\U0010ffff]")
_OTHER_SPACE: Final = re.compile(r"[^\S\n ]")
_SPACES: Final = re.compile(r"  +")
_APART: Final = re.compile(r"[\s,.・=/]+")
_REPEATED: Final = re.compile(r"[々〻](?<=(\w).)")
_BETWEEN: Final = re.compile(r"(?:([ケカ])|[ノ之乃])(?<=[一-鿿々].)(?=[一-鿿])")
_CONFUSABLE: Final = (
    "大太犬 未末 己巳已 祐裕佑 シツミ ソン クワウ アマ コユ スヌ チテ ナメ 土士 千干 人入 日曰 田由甲申 木本 持待 "
    "輪輸 萩荻 徹撤 幸辛 治冶 間問聞 鳥烏島 斎斉 橋槁 熊態 緑縁 綱網 牧枚 川州 王玉 力刀 哲晢 輝揮 孝考 恵思 健建 "
    "清晴 雄雅 郎朗 紀紹 陽湯 稔捻 達逹 祐祜 微徴 瑞端 貴責 竹什 谷合 石右 古吉 久欠 小少 正王"
)
"""Groups of signs that hands and reading machines take for each other."""


_WHOLE_NAME: Final = 4
"""Signs from which on a name that was turned round is more than the other family's name (田中, 中田)."""


class Keys(NamedTuple):
    """What a name is found by: equal keys put names side by side. Empty where it must not join.

    ``exact``, ``variant``, ``search``: the forms of the tiers. ``roman``: for kana and Latin letters.
    """

    exact: str
    variant: str
    search: str
    roman: str


def _confusions(fold: Callable[[str], str]) -> dict[str, str]:
    """Return each folded sign's group by its first member; groups that share a sign are one."""
    first: dict[str, str] = {}
    for signs in _CONFUSABLE.split():
        group = [fold(sign) for sign in signs]
        known = {first[sign] for sign in group if sign in first}
        head = min(known) if known else group[0]
        first |= {sign: head for sign, old in list(first.items()) if old in known}
        first |= dict.fromkeys(group, head)
    return first


_LONG: Final = re.compile("(?<=[オコソトノホモヨロ])[ウオ]+")
_HAN: Final = re.compile("[一-鿿々]")
_V_ROW: Final = re.compile("ヴ([ァィェォ]?)")
_V: Final = {"ァ": "バ", "ィ": "ビ", "ェ": "ベ", "ォ": "ボ", "": "ブ"}


@cache
def _kana_table() -> dict[int, str]:
    """Return kana, dashes and separators → the sign that stands for them in the search form."""
    found: dict[int, str] = {}
    for code in (*range(0x3041, 0x3097), *range(0x30A1, 0x30F7)):
        plain = kana.loose_key(chr(code)) or chr(code)
        found[code] = "ハ" if plain == "ワ" else plain
    return found | dict.fromkeys(map(ord, "-‐‑‒–—―−─━ー~〜,.・=/'’"), "")


class Names:
    """Compares names by one table of characters; make it once, it holds no names."""

    def __init__(self, characters: Characters = BUILT_IN) -> None:
        """``characters``: `characters.load` of a reference folder, or the built-in table."""
        self._variant = dict(characters.variant)
        self._search = {**characters.wide, **_kana_table()}
        self._confused = _confusions(lambda sign: self._search.get(ord(sign), sign))

    def keys(self, name: str) -> Keys:
        """Return the keys of one name; all empty when a character of it could not be written."""
        plain = written([name])[0].replace(" ", "")
        if not plain or MISSING in plain:
            return Keys("", "", "", "")
        sound = romaji.key(plain) if _spelt(plain) else ""
        return Keys(plain, self.variant(plain), self.search(plain), sound)

    def variant(self, text: str) -> str:
        """Return written text with every 異体字 reduced and 々 written out."""
        return _REPEATED.sub(r"\1", text.translate(self._variant))

    def search(self, text: str) -> str:
        """Return written text in the form of the search tier (not in letters)."""
        return _between(_REPEATED.sub(r"\1", _voiced(text).translate(self._search)))

    def tier(self, left: str, right: str) -> Tier:
        """Return how near two names are; the same in either order."""
        return self.tiers([left], [right])[0]

    def tiers(self, left: Sequence[str], right: Sequence[str]) -> list[Tier]:
        """Return the tier of each pair of two columns of equal length.

        Works on whole columns: one call of a regular expression per column, not per name, is what
        makes a million pairs a matter of seconds.
        """
        size = len(left)
        if not size:
            return []
        text = _written([*left, *right])
        clean, plain = text.split("\n"), text.replace(" ", "").split("\n")
        found: list[Tier] = ["different"] * size
        undecided = []
        for at, (one, other) in enumerate(zip(plain[:size], plain[size:], strict=True)):
            if one and one == other and MISSING not in one:
                found[at] = "exact"
            elif one and other:
                undecided.append(at)
        ones = self.search("\n".join([plain[at] for at in undecided])).split("\n")
        others = self.search("\n".join([plain[at + size] for at in undecided])).split("\n")
        for at, a, b in zip(undecided, ones, others, strict=False):
            if a == b and a and MISSING not in a:
                same = self.variant(plain[at]) == self.variant(plain[at + size])
                found[at] = "variant" if same else "search"
            elif (
                (len(a) == len(b) or a.startswith(b) or b.startswith(a))
                or a.isascii()
                or b.isascii()
            ):
                found[at] = self._weaker(clean[at], clean[at + size], a, b)
        return found

    def _weaker(self, left: str, right: str, a: str, b: str) -> Tier:
        """Return the tier of a pair with the search forms ``a`` and ``b``, which differ."""
        alike = len(a) == len(b) and self._look_alike(a, b)
        if MISSING in a or MISSING in b:
            return "confusable" if self._may_be(a, b) else "different"
        if (a.isascii() or b.isascii()) and _same_sound(left, right):
            return "search"
        if len(a) == len(b) and b in a + a:
            if self._other_order(left, right, a, b):
                return "search"
            alike = alike or (len(a) >= _WHOLE_NAME and " " not in left + right)
        elif not alike and (a.startswith(b) or b.startswith(a)):
            alike = self._cut_short(left, right, a, b)
        return "confusable" if alike else "different"

    def _look_alike(self, a: str, b: str) -> bool:
        """Whether two search forms of one length are equal but for look-alikes."""
        group = self._confused.get
        return all(not (x != y and group(x, x) != group(y, y)) for x, y in zip(a, b, strict=True))

    @staticmethod
    def _may_be(a: str, b: str) -> bool:
        """Whether two names agree wherever both were written, and at one place at least."""
        if len(a) != len(b):
            return False
        both = [(x, y) for x, y in zip(a, b, strict=True) if MISSING not in (x, y)]
        return bool(both) and all(x == y for x, y in both)

    def _other_order(self, left: str, right: str, a: str, b: str) -> bool:
        """Whether the names are equal with family and given name exchanged."""
        for one, other in ((left, b), (right, a)):
            parts = [self.search(part) for part in _APART.split(one)]
            if len(parts) == 2 and other == parts[1] + parts[0]:
                return True
        return False

    def _cut_short(self, left: str, right: str, a: str, b: str) -> bool:
        """Whether one given name is the beginning of the other, under the same family name."""
        parts = [[self.search(part) for part in _APART.split(one)] for one in (left, right)]
        if len(parts[0]) == len(parts[1]) == 2:
            return parts[0][0] == parts[1][0]
        short, long = sorted((len(a), len(b)))
        return short >= 3 and long - short <= 2


def written(names: Sequence[str]) -> list[str]:
    """Return names in NFKC: single spaces, nothing invisible, `MISSING` for what was not written."""
    return _written(names).split("\n") if names else []


def _written(names: Sequence[str]) -> str:
    """Return the same with one name a line."""
    text = "\n".join(names)
    if text.count("\n") >= max(1, len(names)):  # a name with a line in it
        text = "\n".join(" ".join(name.split()) for name in names)
    # A text that is in NFKC but for its wide spaces is not taken apart: half of the time of a column.
    text = text.replace("\u3000", " ")
    for pattern, sign in ((_INVISIBLE, ""), (_UNWRITTEN, MISSING)):
        text = _changed(pattern, sign, text)
    text = _changed(_OTHER_SPACE, " ", unicodedata.normalize("NFKC", text))
    text = _SPACES.sub(" ", text) if "  " in text else text
    return text.replace(" \n", "\n").replace("\n ", "\n").strip(" ")


def _changed(pattern: re.Pattern[str], sign: str, text: str) -> str:
    """Replace single signs, looked for among the different ones first: mostly there are none."""
    return pattern.sub(sign, text) if pattern.search("".join(set(text))) else text


def _voiced(text: str) -> str:
    """Return text with ヴァ, ヴィ … as バ, ビ …, which 2.1.2 declares equal."""
    return _V_ROW.sub(lambda sign: _V[sign[1]], text) if "ヴ" in text else text


def _between(text: str) -> str:
    """Return a folded text without long vowels, ケ and ノ between 漢字 in one form."""
    short = _LONG.sub("", text)
    # Most names in kana have no 漢字 around which to look.
    if not _HAN.search(short):
        return short
    return _BETWEEN.sub(lambda sign: "ケ" if sign[1] else "ノ", short)


def _spelt(name: str) -> bool:
    """Whether a name is all kana, or all Latin letters."""
    return kana.is_kana(name) or romaji.is_roman(name)


def _same_sound(left: str, right: str) -> bool:
    """Whether two names, in letters or kana, are one reading, in either order of their parts."""
    if not (_spelt(left) and _spelt(right)):
        return False
    if (sound := romaji.key(left)) == romaji.key(right):
        return bool(sound)
    parts = [[romaji.key(part) for part in _APART.split(one) if part] for one in (left, right)]
    return len(parts[0]) == len(parts[1]) == 2 and parts[0] == parts[1][::-1]
