"""``POST /shelters/{id}/scans``: the batch of reception events (contract), as lean as it can be."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.safety import interface as safety

MOST_BYTES: Final = 2 * 1024 * 1024
"""1,000 events of the contract's size; a device sends 30 at a time."""
MOST_PASSED: Final = 64 * 1024 * 1024
"""Of a longer body nothing is read at all: the connection ends."""


def handle(request: HttpRequest, terminal: safety.Terminal) -> HttpResponse:
    """Store the batch and answer each event; the answer leaves only once all of it is on disk."""
    received = clock.SystemClock().now()
    batch = _batch(_body(request))
    sent_at = batch.get("sent_at")
    answers = safety.receive(terminal, batch["events"], sent_at)
    looks = safety.looked(terminal, batch.get("looks"))
    safety.touch(terminal, safety.read_status(batch.get("device"), sent_at, received))
    results = [answer.as_json() for answer in answers]
    # Plain ASCII: an id that a device wrote comes back whatever characters are in it.
    # The machine's time, by which a device tells how far its own clock is off, in an exercise too.
    told: dict[str, Any] = {
        "results": results, "looks": looks, "received_at": received.isoformat(),
    }  # fmt: skip
    if orders := safety.commands(terminal):
        told["commands"] = orders
    return HttpResponse(json.dumps(told), content_type="application/json")


def handle_parcels(request: HttpRequest, edge: safety.Terminal) -> HttpResponse:
    """Take what an edge node carries; the answer leaves only once all that it acknowledges is on disk."""
    received = clock.SystemClock().now()
    batch = _batch(_body(request), "parcels")
    sent_at = batch.get("sent_at")
    answers = safety.take_parcels(edge, batch["parcels"], sent_at)
    safety.touch(edge, safety.read_status(batch.get("device"), sent_at, received))
    told = {"answers": answers, "received_at": received.isoformat()}
    return HttpResponse(json.dumps(told), content_type="application/json")


def carried(request: HttpRequest) -> HttpResponse:
    """Take in what an earlier terminal of the calling device left; one result for each event."""
    try:
        made = safety.take_left(request.body)
    except SonaeError as error:
        raise SonaeError("unprocessable", error.detail, error.hint) from None
    told = {"results": [answer.as_json() for answer in made.answers]}
    return HttpResponse(json.dumps(told), content_type="application/json")


def _body(request: HttpRequest) -> bytes:
    """Return the body; refused without being kept when it is too large."""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > MOST_BYTES:
        _pass_over(request, length)
        raise SonaeError(
            "too_large",
            f"一度に送れるのは{MOST_BYTES // 1024 // 1024} MBまでです。",
            "30件ずつに分けて送ってください。",
        )
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise SonaeError("unreadable", "圧縮せずに送ってください。")
    return request.body


def _pass_over(request: HttpRequest, length: int) -> None:
    """Let the body run through, so that the device hears the refusal and not a broken connection."""
    if length <= MOST_PASSED:
        while request.read(64 * 1024):
            pass


def _batch(body: bytes, listed: str = "events") -> dict[str, Any]:
    """Return a batch with its list; `SonaeError` ``unreadable`` (400) or ``unprocessable`` (422)."""
    try:
        batch = json.loads(body.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise SonaeError("unreadable", "文字コードは UTF-8 にしてください。") from None
    except (ValueError, RecursionError):
        raise SonaeError("unreadable", "JSON として読めません。") from None
    if not isinstance(batch, dict) or not isinstance(batch.get(listed), list):
        raise SonaeError("unprocessable", f"{listed}（記録の配列）がありません。")
    return batch


EVENT_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["id", "direction", "occurred_at", "clock", "person"],
    "properties": {
        "id": {"type": "string", "format": "uuid", "description": "UUID version 7 of the device"},
        "direction": {"type": "string", "enum": list(safety.DIRECTIONS)},
        "status": {"type": "string", "enum": list(safety.STATED), "default": "safe"},
        "occurred_at": {"type": "string", "format": "date-time"},
        "clock": {
            "type": "string",
            "description": "<unix milliseconds, 13 digits>-<counter, 4 hex digits>-<terminal>",
        },
        "person": {
            "type": "object",
            "description": "One of resident_id, qr, card, or what is known: name, kana, birth_date, "
            "address",
            "properties": {
                key: {"type": "string"}
                for key in ("resident_id", "qr", "card", "name", "kana", "birth_date", "address")
            },
        },
        "party": {"type": "array", "items": {"type": "string"}, "maxItems": 60},
        "from": {"type": "string", "description": "Shelter left, for move"},
        "to": {"type": "string", "description": "Shelter for which somebody leaves, for out"},
        "offline": {"type": "boolean"},
        "note": {"type": "string", "maxLength": 400},
        "needs": {"type": "array", "items": {"type": "string"}},
        "supersedes": {"type": "string", "format": "uuid"},
        "seconds": {
            "type": "number",
            "description": "From the first input to the acknowledgement, for the whole party",
        },
    },
}
"""One reception event of the contract."""

OPENAPI: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["events"],
                    "properties": {
                        "terminal": {"type": "string"},
                        "sent_at": {
                            "type": "string",
                            "format": "date-time",
                            "description": "The terminal's own time: a clock that is more than "
                            "six hours off is corrected by it",
                        },
                        "device": {
                            "type": "object",
                            "description": "How the device is: version, waiting (unsent events), "
                            "refused, battery (percent), list_until (seconds since 1970)",
                        },
                        "looks": {
                            "type": "array",
                            "maxItems": 1000,
                            "description": "Households opened on the device's screen since the last "
                            "batch: they go into those people's record of accesses; "
                            "the answer says how many were taken",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "at": {"type": "string", "format": "date-time"},
                                    "people": {"type": "array", "items": {"type": "string"}},
                                },
                            },
                        },
                        "events": {
                            "type": "array",
                            "maxItems": 1000,
                            "items": EVENT_SCHEMA,
                        },
                    },
                }
            }
        },
    }
}
"""The body is read by hand (each event is judged by itself), so its schema is written by hand."""

PARCELS: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["parcels"],
                    "properties": {
                        "sent_at": {"type": "string", "format": "date-time"},
                        "device": {"type": "object", "description": "As with scans"},
                        "parcels": {
                            "type": "array",
                            "maxItems": 100,
                            "items": {
                                "type": "object",
                                "required": ["terminal", "id", "held_at", "iv", "data"],
                                "properties": {
                                    "terminal": {"type": "string"},
                                    "id": {"type": "string", "format": "uuid"},
                                    "held_at": {"type": "string", "format": "date-time"},
                                    "iv": {"type": "string", "description": "base64url"},
                                    "data": {
                                        "type": "string",
                                        "description": "AES-256-GCM under the terminal's own key",
                                    },
                                },
                            },
                        },
                    },
                }
            }
        },
    }
}
"""What an edge node sends; it can neither open nor make what is in ``data``."""

CARRIED_OPENAPI: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["sonae", "v", "terminal", "world", "events"],
                    "properties": {
                        "sonae": {"type": "string", "enum": ["outbox"]},
                        "v": {"type": "integer", "enum": [2]},
                        "terminal": {"type": "string"},
                        "world": {"type": "string"},
                        "made_at": {"type": "string", "format": "date-time"},
                        "events": {"type": "array", "items": {"type": "string"}},
                    },
                }
            }
        },
    },
}
"""The envelope of events as a device sealed them for the city (decision 0015)."""
