"""Other cities: who may read about its own people, by which law, until when; each time on record."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.core.municipality import BORNE_TWICE, is_valid
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import Facts, Question
from sonae.domains.exchange import people, requests
from sonae.domains.exchange.models import ExchangeDisclosure, ExchangePartner
from sonae.domains.exchange.opaque import opaque
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Visitor, VisitorEntry
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality
from sonae.platform.sealing import seal, unseal

KINDS: Final = (
    "name", "kana", "birth_date", "address", "injury", "condition", "whereabouts",
)  # fmt: skip
"""What the ledger knows of people who are registered elsewhere."""
LONGEST: Final = timedelta(days=366)
MOST_AT_ONCE: Final = 500
BASES: Final = (
    "災害対策基本法 第90条の4（被災者台帳の提供）",
    "災害対策基本法 第86条の15第4項（安否情報のための求め）",
    "個人情報の保護に関する法律 第69条第2項",
)
"""Legal grounds that are offered; another may be written."""


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def enrol(
    actor: Actor, code: str, name: str, prefecture: str, basis: str, kinds: Sequence[str],
    ends_at: datetime,
) -> tuple[ExchangePartner, str]:  # fmt: skip
    """Enrol another city; return it and its key, shown only now.

    `SonaeError` ``unprocessable`` for a code that is none, no legal basis, an unknown kind, or an end
    that is past or more than a year away.
    """
    require(actor, Audience.ADMINISTRATOR)
    now = clock.SystemClock().now()
    if not is_valid(code) or code == current_municipality() or not name.strip():
        raise SonaeError(
            "unprocessable", "相手の市町村の名前と、6桁の全国地方公共団体コードを書いてください。"
        )
    if not basis.strip() or not kinds or not set(KINDS).issuperset(kinds):
        raise SonaeError("unprocessable", "法的な根拠と、情報の種類を1つ以上えらんでください。")
    if not now < ends_at <= now + LONGEST:
        raise SonaeError("unprocessable", "期限は、今日より後の、1年以内の日にしてください。")
    token = secrets.token_urlsafe(32)
    with writing():
        row = ExchangePartner.objects.create(
            code=code, name=name.strip()[:60], prefecture=prefecture.strip()[:20],
            legal_basis=basis.strip()[:200], kinds=sorted(kinds), token_hash=_hash(token),
            starts_at=now, ends_at=ends_at, enrolled_by=actor.id,
        )  # fmt: skip
        audit.record(
            actor.id, "partner_enrolled", f"partner:{row.pk}", code=code, basis=row.legal_basis,
            kinds=row.kinds, until=ends_at.isoformat(),
        )  # fmt: skip
    return row, token


def stop(actor: Actor, pk: int) -> None:
    """End a city's access now; `SonaeError` ``not_found`` when there is none to end."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        now = clock.SystemClock().now()
        rows = ExchangePartner.objects.filter(pk=pk, ended_at=None)
        if not rows.update(ended_at=now, ended_by=actor.id):
            raise SonaeError("not_found", "この提供先はありません。")
        audit.record(actor.id, "partner_stopped", f"partner:{pk}")


def partners(actor: Actor) -> list[ExchangePartner]:
    """Return all cities that were ever enrolled, the newest first."""
    require(actor, Audience.OPERATOR)
    return list(ExchangePartner.objects.order_by("-pk"))


def is_open(row: ExchangePartner) -> bool:
    """Tell whether a city may read now."""
    now = clock.SystemClock().now()
    return row.ended_at is None and row.starts_at <= now < row.ends_at


def partner_by_token(token: str) -> ExchangePartner | None:
    """Return whose key it is; None when unknown, stopped or past its day."""
    row = ExchangePartner.objects.filter(token_hash=_hash(token)).first()
    if row is None or not is_open(row):
        return None
    return row


def disclosures(actor: Actor, pk: int, limit: int = 200) -> list[ExchangeDisclosure]:
    """Return what a city was told, the newest first."""
    require(actor, Audience.OPERATOR)
    rows = ExchangeDisclosure.objects.filter(partner=pk).select_related("visitor")
    return list(rows.order_by("-pk")[:limit])


def told_count(pk: int) -> int:
    """Return of how many people a city was told anything."""
    return ExchangeDisclosure.objects.filter(partner=pk).values("visitor").distinct().count()


@dataclass(frozen=True)
class Page:
    """Some of a city's people; ``following``: after whom the next page begins, None at the end."""

    people: list[dict[str, Any]]
    following: int | None


def people_of(row: ExchangePartner, *, after: int = 0) -> Page:
    """Return a city's own people who are here, each decided and each put on record.

    Its own are those who have given an address there, or of whom a clerk has noted that it is to be told;
    what was noted comes before the address. Nobody who may be under 支援措置 here is among
    them, and pages are cut after that: no count and no gap tells of anybody.
    """
    if not is_open(row):
        raise SonaeError("forbidden", "この提供は終わっています。")
    later = safety.corrections()
    told_of = Q(pk__in=VisitorEntry.objects.values("visitor"))
    there = Visitor.objects.filter(~Q(address="") | told_of, pk__gt=after).order_by("pk")
    own = []
    for one in people.visible_visitors(there):
        noted = later[one.pk].home_city if one.pk in later else ""
        if lives_in(noted or one.address, row):
            own.append(one)
    part = own[:MOST_AT_ONCE]
    states = {
        one.visitor_id: one
        for one in PersonState.objects.filter(
            person__in=[f"v{one.pk}" for one in part]
        ).select_related("facility")
    }
    with writing():
        told = [_told(row, one, states.get(one.pk)) for one in part]
        ExchangePartner.objects.filter(pk=row.pk).update(used_at=clock.SystemClock().now())
    return Page([one for one in told if one], part[-1].pk if len(own) > len(part) else None)


def lives_in(address: str, row: ExchangePartner) -> bool:
    """Tell whether a stated address is in a city: its name after its prefecture (and 郡).

    Without a prefecture only the name of a 市 says which municipality is meant; two names of 市, and
    those of many 町 and 村, are borne by several. In doubt nobody is theirs.
    """
    said = "".join(unicodedata.normalize("NFKC", address).split())
    left = said.removeprefix(row.prefecture) if row.prefecture else said
    if left == said:
        return row.name.endswith("市") and row.name not in BORNE_TWICE and said.startswith(row.name)
    if left.startswith(row.name):
        return True
    county, mark, rest = left.partition("郡")
    return bool(mark) and len(county) <= 6 and rest.startswith(row.name)


def _told(row: ExchangePartner, one: Visitor, state: PersonState | None) -> dict[str, Any] | None:
    """Return one person as far as the decision lets it, and record it; None when it lets nothing."""
    question = Question(
        "municipality", "municipality", "exchange", frozenset(row.kinds), "emergency", clock.now()
    )
    made = consent.decide(question, Facts(answerable=frozenset(row.kinds), ground=row.legal_basis))
    if made.outcome != "permit" or state is None:
        return None
    ExchangeDisclosure.objects.create(
        partner=row, visitor=one, at=clock.SystemClock().now(), fields=sorted(made.fields),
        rule=made.rule, trace=list(made.trace),
    )  # fmt: skip
    known = {
        "name": one.name, "kana": one.kana, "birth_date": one.birth_date, "address": one.address,
        "injury": {"safe": "no", "injured": "yes"}.get(state.status, "unknown"),
        "condition": state.status,
        "whereabouts": {
            "direction": state.direction,
            "facility": state.facility.name if state.facility else None,
            "place": state.place or None,
        },
    }  # fmt: skip
    shown: Iterable[str] = (kind for kind in known if kind in made.fields)
    return {
        "id": opaque("partner", row.pk, one.pk),
        "as_of": state.seen_at.isoformat(),
        **{k: known[k] for k in shown},
    }


@dataclass(frozen=True)
class Asked:
    """What a city asks about one person by name (災害対策基本法 第86条の15): a resident or anybody else."""

    name: str
    reason: str
    asker_name: str
    asker_contact: str
    kana: str = ""
    birth_date: str = ""
    sex: str = ""
    address: str = ""
    note: str = ""


def ask(row: ExchangePartner, asked: Asked) -> str:
    """Take an inquiry of another city in; return the secret by which it reads the answer.

    It goes the way of every inquiry: a clerk looks who is meant, one drafts, another decides, by the
    table in force. Nothing is answered at once, so that no timing tells of anybody.
    """
    _still_open(row)
    new = requests.NewRequest(
        channel="online", asker="municipality", asker_body=row.name, **asdict(asked)
    )
    _request, key = requests.receive(_actor(row), new, partner=row)
    return key


def answer(row: ExchangePartner, key: str) -> requests.Reading:
    """Return an inquiry of this city with what may be told today; `SonaeError` ``not_found``."""
    _still_open(row)
    found = requests.read_online(key)
    if found.request.received_by != _actor(row).id:
        raise SonaeError("not_found", "この受付はありません。")
    return found


def _actor(row: ExchangePartner) -> Actor:
    return Actor(f"{requests.PARTNER}{row.pk}", None, row.name)


def _still_open(row: ExchangePartner) -> None:
    if not is_open(row):
        raise SonaeError("forbidden", "この提供は終わっています。")


_PLACE: Final = "exchange page"


def place_named(row: ExchangePartner, place: int) -> str:
    """Return where a page ended as text that tells nothing: neither a number nor a gap."""
    return seal(f"{_PLACE} {row.pk}", str(place))


def place_of(row: ExchangePartner, text: str) -> int:
    """Return where a page ended; `SonaeError` ``bad_parameter`` for what this city was never given."""
    try:
        return int(unseal(f"{_PLACE} {row.pk}", text))
    except (SonaeError, ValueError):
        raise SonaeError(
            "bad_parameter", "after には、前の答えの next をそのまま入れてください。"
        ) from None
