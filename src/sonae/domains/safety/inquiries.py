"""Verbs of the inquiry (安否確認): who must be accounted for, from the plan's advice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from sonae.core import clock
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import Advice, PlanRun
from sonae.domains.residents.interface import AssistanceRegistrant, Household, Resident
from sonae.domains.safety import rules
from sonae.domains.safety.models import Inquiry, InquirySubject, PersonState
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, require
from sonae.platform.db import take_turn, writing
from sonae.platform.scope import current

ORDERED = "ordered"
"""Zone of those whom an order means although no map shows them in danger."""
SLOW_FIRST = 3
"""Level 3 高齢者等避難 means those who need longer (災害対策基本法 第56条第2項)."""


def open_inquiry(run_pk: int) -> Inquiry | None:
    """Put everyone whom a plan run found in danger, or on unsurveyed ground, under inquiry.

    One inquiry is open per world; later runs add people and raise danger, nobody is taken out.
    Return None when the run found nobody.
    """
    run = PlanRun.objects.filter(pk=run_pk).first()
    if run is None or not Advice.objects.filter(run=run.advice_run).exists():
        return None
    now = clock.now()
    with writing():
        take_turn("safety")
        inquiry = Inquiry.objects.filter(closed_at=None).first()
        if inquiry is None:
            kinds = "、".join(item["kind"] for item in run.hazards)
            inquiry = Inquiry.objects.create(opened_at=now, reason=kinds[:200])
        _add_subjects(inquiry, run.advice_run, now)
    return inquiry


def include_order(order_pk: int) -> Inquiry | None:
    """Put the people of ordered towns under inquiry where no plan knows anybody in danger.

    The mayor knows of a danger that the maps do not. Level 3 means those who need longer to leave.
    Return None when nobody is added for it.
    """
    now = clock.now()
    with writing():
        take_turn("safety")
        order = evacuation.order(order_pk)
        if order.status not in ("issued", "replaced"):
            return None
        inquiry = Inquiry.objects.filter(closed_at=None).first()
        homes = evacuation.homes_of(order)
        if inquiry is not None:
            planned = InquirySubject.objects.filter(inquiry=inquiry).exclude(zone=ORDERED)
            mapped = planned.filter(added_at__gte=now - rules.STILL_SETTLED).values("town")
            homes = homes.exclude(town__in=mapped)
        towns = sorted(set(homes.values_list("town", flat=True)))
        if not towns:
            return None
        if inquiry is None:
            reason = f"避難情報 第{order.number}号 {evacuation.ORDER_NAMES[order.level]}"
            inquiry = Inquiry.objects.create(opened_at=now, reason=reason)
        _add_ordered(inquiry, towns, now, slow_only=order.level == SLOW_FIRST)
    return inquiry


def _add_ordered(inquiry: Inquiry, towns: list[int], now: datetime, *, slow_only: bool) -> None:
    """Insert the residents of towns (primary keys), in one statement."""
    marks = ", ".join(["%s"] * len(towns))
    least = rules.NEED_OTHER + 1 if slow_only else 0
    where = f"h.town_id IN ({marks}) AND {_NEED} >= %s"
    ages = _ages(now)
    parameters = [
        *_parameters(inquiry, now, [rules.DANGER_UNKNOWN]), *towns, *ages, least,
    ]  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql(_ORDERED, where), parameters)


def retract_order(order_pk: int) -> int:
    """Take out whom only a mistaken order had put under inquiry; return how many.

    Those whom a plan knows in danger, whom another order means, or who were found, stay. An inquiry
    that is left without anybody is closed.
    """
    with writing():
        take_turn("safety")
        inquiry = Inquiry.objects.filter(closed_at=None).first()
        if inquiry is None:
            return 0
        rows = InquirySubject.objects.filter(
            inquiry=inquiry, zone=ORDERED, accounted_at=None,
            resident__household__in=evacuation.homes_of(evacuation.order(order_pk)),
        )  # fmt: skip
        for other in evacuation.orders_in_force():
            rows = rows.exclude(resident__household__in=evacuation.homes_of(other))
        count, _by_model = rows.delete()
        if not InquirySubject.objects.filter(inquiry=inquiry).exists():
            Inquiry.objects.filter(pk=inquiry.pk).update(closed_at=clock.now())
    return count


def close_inquiry(actor: Actor) -> None:
    """End the open inquiry (those never found stay on its record)."""
    require(actor, Audience.OPERATOR)
    with writing():
        take_turn("safety")  # whoever is being added to it has joined, or opens the next one
        Inquiry.objects.filter(closed_at=None).update(closed_at=clock.now())
        audit.record(actor.id, "inquiry_closed")


def _add_subjects(inquiry: Inquiry, run_pk: int, now: datetime) -> None:
    """Insert or raise subjects in one statement, tens of thousands in a fraction of a second."""
    parameters = [*_parameters(inquiry, now, [rules.DANGER_UNKNOWN]), run_pk]
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql(_ADVISED, "a.run_id = %s"), parameters)


@dataclass(frozen=True)
class _Source:
    """Where subjects come from: tables, and the SQL of zone and danger (one number as parameter)."""

    tables: str
    zone: str
    danger: str


_ADVISED = _Source(
    "{advice} a JOIN {resident} r ON r.id = a.resident_id",
    "a.zone",
    """CASE WHEN a.zone <> 'inside' THEN %s
                 ELSE (CASE WHEN 40 + 10 * a.rank > 100 THEN 100 ELSE 40 + 10 * a.rank END)
                      - (CASE a.decision WHEN 'stay' THEN 30 WHEN 'upstairs' THEN 15 ELSE 0 END) END""",
)
_ORDERED = _Source("{resident} r", f"'{ORDERED}'", "%s")
_SETTLED = ", ".join(f"'{direction}'" for direction in sorted(rules.SETTLED))
_NEED = """CASE WHEN g.id IS NOT NULL THEN (CASE WHEN g.wheelchair THEN %s ELSE %s END)
                 WHEN r.birth_date <> '' AND SUBSTR(r.birth_date, 1, 4) <= %s THEN %s
                 WHEN SUBSTR(r.birth_date, 1, 4) > %s THEN %s ELSE %s END"""


def _names() -> dict[str, str]:
    """Return the quoted table names of the statement."""
    tables = {
        "subject": InquirySubject, "advice": Advice, "resident": Resident, "home": Household,
        "registrant": AssistanceRegistrant, "state": PersonState,
    }  # fmt: skip
    return {key: connection.ops.quote_name(m._meta.db_table) for key, m in tables.items()}


def _insert_sql(source: _Source, where: str) -> str:
    """Return the statement; numbers of `rules` come as parameters in the order of `_parameters`.

    States are joined by their whole unique key: joined by resident alone, SQLite without statistics
    walks all states of the world for every person (minutes instead of a fraction of a second).
    """
    t = _names()
    return f"""
        INSERT INTO {t["subject"]}
            (inquiry_id, resident_id, town_id, zone, danger, need, added_at, accounted_at)
        SELECT %s, r.id, h.town_id, {source.zone}, {source.danger}, {_NEED},
            {_moment()}, CASE WHEN s.id IS NOT NULL THEN {_moment()} ELSE NULL END
        FROM {source.tables.format(**t)}
        JOIN {t["home"]} h ON h.id = r.household_id
        LEFT JOIN {t["registrant"]} g ON g.resident_id = r.id
        LEFT JOIN {t["state"]} s ON s.municipality = %s AND s.world = %s AND s.person = 'r' || r.id
             AND (s.status = '{rules.DECEASED}' OR (s.direction IN ({_SETTLED})
                  AND s.status <> 'unknown' AND s.seen_at >= {_moment()}))
        WHERE r.left_on = '' AND {where}
        ON CONFLICT (inquiry_id, resident_id) DO UPDATE SET
            danger = CASE WHEN excluded.danger > {t["subject"]}.danger
                          THEN excluded.danger ELSE {t["subject"]}.danger END,
            zone = CASE WHEN excluded.zone = 'inside' THEN excluded.zone
                        ELSE {t["subject"]}.zone END"""  # noqa: S608 - names only, no input


def _moment() -> str:
    """Return the placeholder of a moment; PostgreSQL cannot guess its type in a SELECT list."""
    return "%s::timestamptz" if connection.vendor == "postgresql" else "%s"


def _ages(now: datetime) -> list[str | int]:
    """Return the parameters of `_NEED`."""
    old, small = str(now.year - rules.OLD_AGE), str(now.year - rules.SMALL_AGE)
    return [
        rules.NEED_WHEELCHAIR, rules.NEED_REGISTERED, old, rules.NEED_OLD, small,
        rules.NEED_SMALL, rules.NEED_OTHER,
    ]  # fmt: skip


def _parameters(inquiry: Inquiry, now: datetime, danger: list[int]) -> list[str | int]:
    """Return the parameters up to the condition, in order."""
    adapt, scope = connection.ops.adapt_datetimefield_value, current()
    moment = str(adapt(now))
    return [
        inquiry.pk, *danger, *_ages(now), moment, moment, scope.municipality, scope.world.value,
        str(adapt(now - rules.STILL_SETTLED)),
    ]  # fmt: skip
