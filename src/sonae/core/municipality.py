"""Codes of places: 全国地方公共団体コード, the weather service's area codes, 地域メッシュ.

A municipality is known by its six-digit code (five digits + check digit, JIS X 0401/0402 and 総務省
notice); JMA telegrams name it by seven digits; statistics and hazard data use the mesh of JIS X 0410.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import Final

from sonae.core.errors import SonaeError

_NAMES: Final = (
    "北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 "
    "東京都 神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 "
    "滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県 鳥取県 島根県 岡山県 広島県 山口県 徳島県 "
    "香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県"
)
PREFECTURES: Final = {f"{n:02}": name for n, name in enumerate(_NAMES.split(), start=1)}
# No prefecture has this number: the demo city can never be mistaken for a real one.
DEMO_PREFECTURE: Final = "99"
_DEMO_PREFECTURE_NAME: Final = "見本県"

BORNE_TWICE: Final = frozenset({"府中市", "伊達市"})
"""東京都 and 広島県, 北海道 and 福島県: the only names that two 市 bear."""


def named_alone(text: str) -> bool:
    """Tell whether a municipality as people write it is one only: a 市, or with its prefecture.

    Names of 町, 村 and 区 are borne by several.
    """
    said = "".join(unicodedata.normalize("NFKC", text).split())
    if any(said.startswith(name) and said != name for name in PREFECTURES.values()):
        return True
    return said.endswith("市") and said not in BORNE_TWICE


def check_digit(code5: str) -> str:
    """The sixth digit of a five-digit code: weights 6…2, modulus 11, last digit of 11 − remainder."""
    if not re.fullmatch(r"[0-9]{5}", code5):
        raise _bad(code5)
    total = sum(int(digit) * weight for digit, weight in zip(code5, range(6, 1, -1), strict=True))
    return str((11 - total % 11) % 10)


def six_digits(code: str) -> str:
    """The six-digit code of a five- or six-digit one; ``bad_municipality_code`` otherwise.

    Full width and lost leading zeros (Excel) are mended only where the check digit proves it.
    """
    plain = unicodedata.normalize("NFKC", code).strip()
    if re.fullmatch(r"[0-9]{5}", plain):
        shortened = "0" + plain
        if is_valid(shortened) and plain[:2] not in PREFECTURES | {DEMO_PREFECTURE: ""}:
            return shortened
        if plain[:2] in PREFECTURES or plain[:2] == DEMO_PREFECTURE:
            return plain + check_digit(plain)
    elif is_valid(plain):
        return plain
    raise _bad(code)


def five_digits(code: str) -> str:
    """The five-digit code (JIS) of a five- or six-digit one."""
    return six_digits(code)[:5]


def is_valid(code6: str) -> bool:
    """Whether six digits name a prefecture that exists and carry the right check digit."""
    if not re.fullmatch(r"[0-9]{6}", code6):
        return False
    known = code6[:2] in PREFECTURES or code6[:2] == DEMO_PREFECTURE
    return known and check_digit(code6[:5]) == code6[5]


def prefecture_name(code: str) -> str:
    """The prefecture's name of a code that begins with its two digits."""
    name = _DEMO_PREFECTURE_NAME if code[:2] == DEMO_PREFECTURE else PREFECTURES.get(code[:2])
    if name is None:
        raise _bad(code)
    return name


def prefecture_code(name: str) -> str | None:
    """The two digits of a prefecture's name, with or without 都道府県; None when unknown."""
    if name == _DEMO_PREFECTURE_NAME:
        return DEMO_PREFECTURE
    for code, full in PREFECTURES.items():
        if name and name in (full, full[:-1] if code != "01" else full):
            return code
    return None


def class20_code(code: str) -> str:
    """JMA's 市町村等 code of a whole municipality: five digits + ``00``.

    Where JMA divides a municipality, its parts carry other last digits: compare with
    ``municipality_of_class20``.
    """
    return five_digits(code) + "00"


def municipality_of_class20(area_code: str) -> str:
    """The six-digit municipality code that a seven-digit JMA area code lies in."""
    if not re.fullmatch(r"[0-9]{7}", area_code):
        raise SonaeError("bad_area_code", f"市町村等コード（7桁）ではありません: {area_code}")
    return area_code[:5] + check_digit(area_code[:5])


def _bad(code: str) -> SonaeError:
    return SonaeError(
        "bad_municipality_code",
        f"全国地方公共団体コードではありません: {code[:20]}",
        "6桁（検査数字を含む）または5桁で指定してください。例: 宇部市 352021",
    )


# --- 地域メッシュ (JIS X 0410) --------------------------------------------------------------------

# Cells per degree of latitude and longitude of each level; 3 = about 1 km, 4/5/6 = 500/250/125 m.
_CELLS: Final = {1: (1.5, 1), 2: (12, 8), 3: (120, 80), 4: (240, 160), 5: (480, 320), 6: (960, 640)}
_LENGTHS: Final = {4: 1, 6: 2, 8: 3, 9: 4, 10: 5, 11: 6}
# A corner computed in floating point must fall into its own cell: 1e-9 cells is below 0.1 mm.
_NUDGE: Final = 1e-9


def mesh_code(lat: float, lon: float, level: int = 3) -> str:
    """The mesh cell (level 1 to 6) that contains a point of Japan, WGS84/JGD2011 degrees."""
    if level not in _CELLS:
        raise ValueError(f"mesh levels are 1 to 6, not {level}")
    if not (20 <= lat < 46.5 and 122 <= lon < 155):
        raise SonaeError("outside_japan", f"日本の範囲の外です: {lat}, {lon}")
    rows = math.floor(lat * _CELLS[level][0] + _NUDGE)
    columns = math.floor((lon - 100) * _CELLS[level][1] + _NUDGE)
    halves = ""
    for _level in range(level, 3, -1):
        halves = str(rows % 2 * 2 + columns % 2 + 1) + halves
        rows, columns = rows // 2, columns // 2
    thirds = ""
    if level >= 3:
        thirds = f"{rows % 10}{columns % 10}"
        rows, columns = rows // 10, columns // 10
    seconds = ""
    if level >= 2:
        seconds = f"{rows % 8}{columns % 8}"
        rows, columns = rows // 8, columns // 8
    return f"{rows:02}{columns:02}{seconds}{thirds}{halves}"


def mesh_bounds(code: str) -> tuple[float, float, float, float]:
    """South, west, north, east of a mesh cell, in degrees."""
    level = _LENGTHS.get(len(code))
    if level is None or not re.fullmatch(r"[0-9]{4}([0-7]{2}([0-9]{2}[1-4]{0,3})?)?", code):
        raise SonaeError("bad_mesh_code", f"地域メッシュコードではありません: {code[:20]}")
    rows, columns = int(code[:2]), int(code[2:4])
    for start, factor in ((4, 8), (6, 10)):
        if len(code) > start:
            rows = rows * factor + int(code[start])
            columns = columns * factor + int(code[start + 1])
    for digit in code[8:]:
        rows = rows * 2 + (int(digit) - 1) // 2
        columns = columns * 2 + (int(digit) - 1) % 2
    per_lat, per_lon = _CELLS[level]
    south, north = rows / per_lat, (rows + 1) / per_lat
    return south, columns / per_lon + 100, north, (columns + 1) / per_lon + 100
