"""SMS by any carrier's HTTP interface: what it wants to be asked is data, ``[sms]`` of ``channels.toml``.

Carriers differ in the names of their fields, in how they say yes, and in the form of a number. All of
that stands in the file; what a mistake in it means is said before anything is sent.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from django.conf import settings

from sonae.core.errors import SonaeError
from sonae.domains.messages.interface import Handed, Parcel, Recipient, linked
from sonae.gateways.fanout import Fan
from sonae.gateways.http import Answer, Unreachable
from sonae.gateways.http import send as ask

FILE: Final = "channels.toml"
AT_ONCE: Final = 8
BUSY: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
REFUSED: Final = frozenset({400, 404, 409, 413, 422})
"""Answers about one number or text; any other failure is about us and stops the channel."""
_NUMBER: Final = re.compile(r"0[789]0\d{8}")
_KNOWN: Final = frozenset({"url", "format", "number", "per_second", "headers", "fields", "answer"})


@dataclass(frozen=True)
class Carrier:
    """What one carrier wants to be asked, and how it answers.

    ``fields``: the body, in which {to}, {text} and {id} are filled in (``id`` stays the same when a
    message is tried again). ``path`` and ``good``: where in a JSON answer its outcome stands, and
    the values that mean that it was taken; ``busy`` those that mean later.
    """

    url: str
    form: bool = False
    e164: bool = False
    per_second: float = 10.0
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    path: tuple[str, ...] = ()
    good: frozenset[str] = frozenset()
    busy: frozenset[str] = frozenset()


def _wrong(what: str) -> SonaeError:
    return SonaeError("unprocessable", f"{FILE} の [sms] が正しくありません：{what}")


def read(text: str) -> Carrier | None:
    """Return the carrier of a ``channels.toml``; None without an ``[sms]``, `SonaeError` for mistakes."""
    try:
        found = tomllib.loads(text).get("sms")
    except tomllib.TOMLDecodeError as error:
        raise _wrong(str(error)) from None
    if found is None:
        return None
    if not isinstance(found, dict) or set(found) - _KNOWN:
        raise _wrong(
            f"知らない項目 {sorted(set(found) - _KNOWN)}"
            if isinstance(found, dict)
            else "表ではない"
        )
    fields, answer = found.get("fields", {}), found.get("answer", {})
    said = json.dumps(fields)
    if "{to}" not in said or "{text}" not in said:
        raise _wrong("fields に {to} と {text} が必要です")
    if found.get("format", "json") not in ("json", "form"):
        raise _wrong("format は json か form です")
    if found.get("format") == "form" and any(not isinstance(v, str) for v in fields.values()):
        raise _wrong("format が form のとき、fields は文字だけです")
    if found.get("number", "national") not in ("national", "e164"):
        raise _wrong("number は national か e164 です")
    rate = found.get("per_second", 10)
    if not isinstance(rate, int | float) or rate <= 0:
        raise _wrong("per_second は正の数です")
    return Carrier(
        _address(str(found.get("url", ""))), found.get("format") == "form",
        found.get("number") == "e164", float(rate), dict(found.get("headers", {})), fields,
        tuple(str(answer["path"]).split(".")) if "path" in answer else (),
        frozenset(map(str, answer.get("good", ()))), frozenset(map(str, answer.get("busy", ()))),
    )  # fmt: skip


def _address(url: str) -> str:
    """Return the address: encrypted, or on this machine."""
    parts = urlsplit(url)
    near = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and near):
        raise _wrong("url は https で始まるアドレスです")
    return url


@lru_cache(maxsize=4)
def _held(path: str, changed: int) -> Carrier | None:
    return read(Path(path).read_text("utf-8"))


def carrier() -> Carrier | None:
    """Return the carrier that the city has set up; None without one, `SonaeError` for a mistake."""
    file = Path(settings.HOME) / FILE
    if not file.exists():
        return None
    return _held(str(file), file.stat().st_mtime_ns)


def configured() -> bool:
    """Tell whether a carrier is set up without mistakes (`sonae doctor` names them)."""
    return not fault() and carrier() is not None


def fault() -> str:
    """Return what is wrong in the file, as a sentence; nothing where all is well."""
    try:
        carrier()
    except (SonaeError, OSError, UnicodeDecodeError) as error:
        return error.detail if isinstance(error, SonaeError) else str(error)
    return ""


def send(parcel: Parcel) -> Iterator[Sequence[Handed]]:
    """Hand every text to the carrier at its rate; yield outcomes in small groups.

    `Retry` when the carrier is away or busy, `Permanent` when it refuses us.
    """
    held = carrier()
    if held is None:
        raise SonaeError("not_configured", "SMSは設定されていません。")
    fan = Fan(AT_ONCE, held.per_second, parcel.halt)
    yield from fan.told(parcel.recipients, _Desk(held, parcel, fan).told)


@dataclass(frozen=True)
class _Desk:
    """One parcel at one carrier; used by several threads."""

    held: Carrier
    parcel: Parcel
    fan: Fan

    def told(self, one: Recipient) -> Handed | None:
        """Send one text; None when that is not settled."""
        if not _NUMBER.fullmatch(one.address):
            return Handed(one.delivery, "failed", "携帯電話の番号ではありません")
        self.fan.turn()
        try:
            answer = ask("POST", self.held.url, *self._request(one))
        except Unreachable as error:
            self.fan.later(one, 0.0, f"SMSの事業者につながりません（{error}）")
            return None
        said = self._outcome(answer)
        if answer.status in BUSY or said in self.held.busy:
            self.fan.later(one, answer.wait, f"SMSの事業者が混んでいます（{answer.words}）")
            return None
        taken = 200 <= answer.status < 300
        if taken and (not self.held.path or said in self.held.good):
            return Handed(one.delivery, "handed_over")
        if not taken and answer.status not in REFUSED:
            self.fan.end(f"SMSの事業者に断られました（{answer.words}）")
            return None
        return Handed(one.delivery, "failed", answer.words)

    def _outcome(self, answer: Answer) -> str:
        """Return what stands at the named place of a JSON answer; empty where there is none."""
        if not self.held.path:
            return ""
        try:
            found: Any = json.loads(answer.body)
            for name in self.held.path:
                found = found[int(name)] if isinstance(found, list) else found[name]
        except (ValueError, KeyError, IndexError, TypeError):
            return ""
        return str(found)

    def _request(self, one: Recipient) -> tuple[bytes, dict[str, str]]:
        """Return body and headers for one text."""
        text = self.parcel.texts.get(one.language) or self.parcel.texts["ja"]
        number = f"+81{one.address[1:]}" if self.held.e164 else one.address
        told = {
            "{to}": number,
            "{text}": linked("sms", text["body"], one.link, self.parcel.limits),
            "{id}": f"{self.parcel.identifier.removeprefix('urn:uuid:')}-{one.delivery}",
        }
        body = _filled(self.held.fields, told)
        headers = {name: str(value) for name, value in self.held.headers.items()}
        headers.setdefault("Idempotency-Key", told["{id}"])
        if self.held.form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            return urlencode(body).encode(), headers
        headers["Content-Type"] = "application/json"
        return json.dumps(body, ensure_ascii=False).encode(), headers


def _filled(value: Any, told: Mapping[str, str]) -> Any:
    """Return the fields with what is to be sent; what a text says is never read as a field again."""
    if isinstance(value, Mapping):
        return {name: _filled(inner, told) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, told) for inner in value]
    if isinstance(value, str):
        return re.sub(r"\{(?:to|text|id)\}", lambda found: told[found[0]], value)
    return value
