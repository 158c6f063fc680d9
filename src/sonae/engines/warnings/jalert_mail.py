"""Jアラート: mails that a receiver sends by its rules (動作ルール), read as far as they can be."""

from __future__ import annotations

import email
import email.policy
import re
from dataclasses import dataclass
from email.header import decode_header
from email.message import Message
from typing import Final

from sonae.engines.warnings.jalert import KINDS, Kind, denies_test, status_of
from sonae.engines.warnings.jalert_text import MOST_LOST, Decoded, decode
from sonae.engines.warnings.model import WarningRefused
from sonae.engines.warnings.wording import normal

UNKNOWN: Final = "MAIL"
OTHER: Final = Kind("Jアラート受信機のメール", "other", "information")
_TESTED: Final = re.compile(r"訓練|テスト|(?<!核)(?<!発射)試験")
_TAG: Final = re.compile(r"<[^<>]{0,200}>")
_MEANINGS: Final = (
    (
        "JALT",
        re.compile(
            r"国民保護|ミサイル|航空攻撃|ゲリラ|特殊部隊|大規模テロ|武力攻撃|緊急対処事態|Jアラートのテスト"
        ),
    ),
    ("EPRQ", re.compile(r"緊急地震速報")),
    ("ISSW", re.compile(r"津波")),
    ("VOLC", re.compile(r"噴火|噴石|火口周辺")),
    ("IOEQ", re.compile(r"震度|地震")),
    ("WRMA", re.compile(r"警報|注意報|竜巻|土砂災害|記録的短時間大雨")),
    ("IFDA", re.compile(r"消防庁|緊急連絡")),
)


@dataclass(frozen=True)
class Letter:
    """What a mail says: subject and body joined, its type, whether it is real, and what was mended."""

    text: str
    code: str
    kind: Kind
    status: str
    deviations: tuple[str, ...]


def read_mail(body: bytes) -> Letter:
    """Return a mail as received; ``WarningRefused`` ``garbled`` or ``empty``."""
    mail = email.message_from_bytes(body, policy=email.policy.compat32)
    subject, content = _subject(_raw_subject(mail)), _content(mail)
    text = "\n".join(part for part in (subject.text, content.text.strip()) if part)
    if not text.strip():
        raise WarningRefused(
            "empty", "メールに文章がありません。", "受信機の画面で確かめてください。"
        )
    if max(subject.lost, content.lost) > MOST_LOST:
        raise WarningRefused(
            "garbled",
            "メールが文字化けしていて読めません。",
            "訓練か本番かも分かりません。受信機の画面で内容を確かめてください。",
        )
    code, kind = _meaning(normal(text))
    garbled = ("garbled",) if subject.lost or content.lost else ()
    unknown = (f"unknown_code:{code}",) if code == UNKNOWN else ()
    mended = tuple(sorted({*subject.mended, *content.mended}))
    status = status_of(text)
    if status == "actual" and _says_test(subject.text):
        status = "test"
    return Letter(text, code, kind, status, (*mended, *garbled, *unknown))


def _says_test(subject: str) -> bool:
    """Whether a subject names a drill at all: rules mark them there. One that denies it does not."""
    return _TESTED.search(normal(subject)) is not None and not denies_test(subject)


def _meaning(plain: str) -> tuple[str, Kind]:
    for code, words in _MEANINGS:
        if words.search(plain):
            return code, KINDS[code]
    return UNKNOWN, OTHER


def _raw_subject(mail: Message) -> str:
    """Return the subject with its bytes kept (as surrogates): the library replaces them otherwise."""
    found = (str(value) for name, value in mail.raw_items() if name.lower() == "subject")
    return next(found, "")


def _subject(written: str) -> Decoded:
    """A subject in any of the encodings of RFC 2047, or raw bytes as broken senders write it."""
    parts = []
    try:
        found = decode_header(written)
    except ValueError:
        found = [(written, None)]
    for part, charset in found:
        raw = part if isinstance(part, bytes) else part.encode("utf-8", "surrogateescape")
        parts.append(decode(raw, charset or ""))
    text = " ".join("".join(one.text for one in parts).split())
    return Decoded(
        text,
        tuple(mark for one in parts for mark in one.mended),
        max((one.lost for one in parts), default=0.0),
    )


def _content(mail: Message) -> Decoded:
    """The first plain text of a mail, else its HTML without the tags."""
    texts = {}
    for part in mail.walk():
        kind = part.get_content_type()
        if kind in ("text/plain", "text/html") and kind not in texts:
            payload = part.get_payload(decode=True)
            raw = payload if isinstance(payload, bytes) else b""
            texts[kind] = decode(raw, str(part.get_param("charset") or ""))
    if "text/plain" in texts:
        return texts["text/plain"]
    html = texts.get("text/html", Decoded(""))
    return Decoded(_TAG.sub(" ", html.text), html.mended, html.lost)
