"""Builds ``$QZQSM`` sentences bit by bit (IS-QZSS-L1S, CAMF), because no recorded DCX exists here."""

from __future__ import annotations

_PREAMBLE, _DCX, _JAPAN = 0x53, 44, 111
_FIELDS = (
    ("sdmt", 1), ("sdm", 9), ("a1", 2), ("a2", 9), ("a3", 5), ("a4", 7), ("a5", 2), ("a6", 1),
    ("a7", 14), ("a8", 2), ("a9", 1), ("a10", 3), ("a11", 10), ("a12", 16), ("a13", 17),
    ("a14", 5), ("a15", 5), ("a16", 6), ("a17", 2), ("a18", 15), ("area", 68), ("vn", 6), ("spare", 6),
)  # fmt: skip
JALERT, LALERT, LOCAL = 2, 1, 4


def crc24(bits: str) -> int:
    """CRC-24Q of a string of 0 and 1."""
    crc = 0
    for bit in bits:
        crc ^= int(bit) << 23
        crc = (crc << 1) ^ (0x1864CFB if crc & 0x800000 else 0)
        crc &= 0xFFFFFF
    return crc


def sentence(satellite: int = 58, **fields: int) -> str:
    """The sentence of one DCX message; fields by their CAMF names, ``area`` = EX1…EX10 (68 bits)."""
    values = {"a2": _JAPAN, "a9": 1, "vn": 1, **fields}
    unknown = values.keys() - {name for name, _width in _FIELDS}
    assert not unknown, unknown
    bits = f"{_PREAMBLE:08b}{_DCX:06b}"
    bits += "".join(f"{values.get(name, 0):0{width}b}" for name, width in _FIELDS)
    assert len(bits) == 226
    bits += f"{crc24(bits):024b}" + "00"
    payload = f"QZQSM,{satellite},{int(bits, 2):063X}"
    checksum = 0
    for character in payload:
        checksum ^= ord(character)
    return f"${payload}*{checksum:02X}"


def prefectures(*numbers: int) -> int:
    """EX8 = 0 and EX9: the prefectures by their JIS numbers 1–47."""
    mask = sum(1 << (number - 1) for number in numbers)
    return mask << 17 << 3


def cities(*codes: int) -> int:
    """EX8 = 1 and EX9: up to four municipalities by five digits."""
    padded = [*codes, 0, 0, 0, 0][:4]
    mask = sum(code << shift for code, shift in zip(padded, (48, 32, 16, 0), strict=True))
    return (1 << 67) | (mask << 3)


def city(code: int) -> int:
    """EX1: one municipality by five digits."""
    return code << 52
