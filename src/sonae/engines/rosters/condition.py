"""How a roster says somebody is (安否): words that are known, negation read; of nothing else is sense made."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_PARTS: Final = re.compile(r"[、。,./・;:()「」【】\[\]\s]+")
_BLANK: Final = frozenset({"", "-", "ー", "―", "—", "–"})
_GRAVE: Final = re.compile(
    "死|亡|遺体|行方|不明|未確認|心肺停止|意識(?:が)?(?:不|無|な)|連絡(?:が)?(?:取|と)れ"
)
"""After one of these nothing else in the cell makes somebody safe, or a mere injury of it."""
_BODY: Final = "けが|ケガ|怪我|負傷|外傷|骨折|重傷|軽傷|捻挫|打撲|やけど|火傷|出血"
_HURT: Final = re.compile(_BODY)
_HELP: Final = re.compile("要救助|救助要請|救助が必要|助けて|助けが必要")
_NOT: Final = re.compile("な[しいく]|無|ません|ず|不要|済|否|未|[?？]")
_NONE: Final = re.compile(
    rf"(?:{_BODY}|異常|問題|症状|体調不良)(?:等|など)?[はもが]?(?:特に)?(?:な[しい]|無し?|無い|ありません)"
)
_WELL: Final = re.compile(
    "(?:(?:安否|体調|健康|全員|本人)[はも]?)?"
    "(?:無事|安全|健康|健在|生存|良好|良い?|元気|普通|正常|無事確認済?み?|無事を確認|ok|safe|good|well|○|◯|〇|◎)"
    "(?:です|でした)?"
)
_ABOUT_INJURY: Final = re.compile("けが|ケガ|怪我|負傷|injur")
_YES: Final = frozenset(
    {"有", "有り", "あり", "ある", "はい", "○", "◯", "〇", "1", "yes", "y", "レ", "✓"}
)
_NO: Final = frozenset(
    {"無", "無し", "なし", "ない", "無い", "特になし", "いいえ", "×", "✕", "0", "no", "n"}
)
_NOTHING: Final = frozenset({"なし", "無し", "無", "特になし", "特に無し"})


def condition(text: str, heading: str = "") -> str:
    """Return safe, injured, needs_help, or nothing where it cannot be read; an empty cell is safe.

    Who stands on a list of those who came is safe unless it says otherwise. Under a heading that asks
    for an injury, 有 is one and 無 is none. Death and missing are not read here: they are for people.
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    parts = [one for one in _PARTS.split(plain) if one not in _BLANK]
    if _GRAVE.search("".join(parts)):
        return ""
    asked = _ABOUT_INJURY.search(unicodedata.normalize("NFKC", heading).lower()) is not None
    read = {_part(one, asked=asked) for one in parts}
    for worst in ("needs_help", "injured", ""):
        if worst in read:
            return worst
    return "safe"


def _part(text: str, *, asked: bool) -> str:
    """Return the condition that one word or phrase says; ``asked``: its column asks for an injury."""
    if asked and text in _YES | _NO:
        return "injured" if text in _YES else "safe"
    if _NONE.fullmatch(text) or _WELL.fullmatch(text) or text in _NOTHING:
        return "safe"
    if _NOT.search(text):
        return ""
    if _HELP.search(text):
        return "needs_help"
    return "injured" if _HURT.search(text) or text == "injured" else ""
