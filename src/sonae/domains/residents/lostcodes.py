"""紛失したQR: what a lost card's code may no longer do, at the desk and on terminals without a network."""

from __future__ import annotations

from datetime import datetime

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.residents import qr
from sonae.domains.residents.models import LostCode
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import is_exercise


def report_lost(actor: Actor, kind: str, identifier: str) -> LostCode:
    """Make all codes void that a person or household has until now; a new one counts at once."""
    require(actor, Audience.OPERATOR)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練では、実在の人のQRコードを無効にしません。本番の画面で行ってください。"
        )
    if kind not in (qr.PERSON, qr.HOUSEHOLD) or not identifier:
        raise SonaeError("unreadable", "どのQRコードか分かりません。")
    now = clock.now()
    # Codes keep whole seconds: one made at this very moment still ends with the lost ones.
    terms = {
        "until": now + qr.LONGEST,
        "reported_at": now,
        "reported_by": (actor.name or actor.id)[:120],
    }
    with writing():
        row, _made = LostCode.objects.update_or_create(
            kind=kind, identifier=identifier, defaults=terms
        )
        audit.record(actor.id, "code_lost", f"{kind}:{identifier}")
    return row


def found_again(actor: Actor, kind: str, identifier: str) -> bool:
    """Let the codes count again, because the card was found; whether there was a report."""
    require(actor, Audience.OPERATOR)
    with writing():
        gone, _by_model = LostCode.objects.filter(kind=kind, identifier=identifier).delete()
        if gone:
            audit.record(actor.id, "code_found", f"{kind}:{identifier}")
    return gone > 0


def lost(kind: str, identifiers: list[str]) -> dict[str, LostCode]:
    """Return the reports of these persons or households, by identifier."""
    rows = LostCode.objects.filter(kind=kind, identifier__in=identifiers)
    return {row.identifier: row for row in rows}


def void_codes() -> list[list[object]]:
    """Return (kind, identifier, until in unix seconds) of every report: what terminals take along."""
    rows = LostCode.objects.filter(until__gt=clock.now()).order_by("kind", "identifier")
    return [[row.kind, row.identifier, int(row.until.timestamp())] for row in rows]


def refuse(token: qr.Token, at: datetime | None = None) -> None:
    """Raise `SonaeError` ``qr_lost`` for a code that was reported lost before it was shown (``at``)."""
    rows = LostCode.objects.filter(
        kind=token.kind,
        identifier=token.identifier,
        until__gte=token.expires_at,
        reported_at__lte=at or clock.now(),
    )
    if rows.exists():
        raise SonaeError(
            "qr_lost",
            "このQRコードは紛失の届けが出ています。",
            "本人に確かめ、氏名で受け付けてください。",
        )
