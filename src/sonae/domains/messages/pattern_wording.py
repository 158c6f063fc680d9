"""Patterns of notices that people write (断水, 煮沸, 通行止め), in every language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sonae.domains.messages.channels import LANGUAGES
from sonae.domains.messages.wording import Text

Texts = Mapping[str, Text]
_KEEP_WATER: Final = "給水所は〔給水所〕です。"
PATTERNS: Final[Mapping[str, Texts]] = {
    "water": {
        "ja": Text("断水のお知らせ（〔場所〕）", "〔場所〕で断水しています。" + _KEEP_WATER + "\n\n復旧の見込み：〔見込み〕"),
        "ja-x-easy": Text("水（みず）が 出ません（でません）（〔場所〕）", "〔場所〕で 水（みず）が 出ません（でません）。水（みず）を もらう 場所（ばしょ）：〔給水所〕\n\nなおる 予定（よてい）：〔見込み〕"),
        "en": Text("Water supply is cut off (〔place〕)", "Water is cut off in 〔place〕. Water is handed out at 〔points〕.\n\nExpected to be restored: 〔when〕"),
    },
    "boil": {
        "ja": Text("水道の水は煮沸してください（〔場所〕）", "〔場所〕の水道の水は、そのまま飲まないでください。飲むとき、料理や歯みがきに使うときは、5分以上沸騰させてください。" + _KEEP_WATER),
        "ja-x-easy": Text("水道（すいどう）の 水（みず）を 飲まないで（のまないで）ください（〔場所〕）", "〔場所〕の 水道（すいどう）の 水（みず）は、5分（ごふん）より 長く（ながく）ふっとう させて から 使って（つかって）ください。水（みず）を もらう 場所（ばしょ）：〔給水所〕"),
        "en": Text("Boil tap water before use (〔place〕)", "Do not drink tap water in 〔place〕 as it is. Boil it for five minutes or more before drinking, cooking or brushing teeth. Water is handed out at 〔points〕."),
    },
    "road": {
        "ja": Text("通行止めのお知らせ（〔路線〕）", "〔路線〕の〔区間〕は通行できません。〔う回路〕を通ってください。\n\n解除の見込み：〔見込み〕"),
        "ja-x-easy": Text("通れない（とおれない）道（みち）が あります（〔路線〕）", "〔路線〕の〔区間〕は 通れません（とおれません）。〔う回路〕を 通って（とおって）ください。"),
        "en": Text("Road closed (〔road〕)", "〔road〕 is closed between 〔section〕. Use 〔detour〕.\n\nExpected to reopen: 〔when〕"),
    },
    "other": {language: Text("", "") for language in LANGUAGES},
}  # fmt: skip
"""Kind of notice → language → text to begin with; what stands in 〔 〕 is to be filled in."""
