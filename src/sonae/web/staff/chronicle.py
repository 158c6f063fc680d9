"""事案の時系列: what happened and who did what, gathered from audit, telegrams, plans and sightings."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core.clock import JST
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.safety import interface as safety
from sonae.domains.warnings import interface as warnings
from sonae.platform.models import AuditEntry
from sonae.web import words


@dataclass(frozen=True)
class Happening:
    """One line of the chronology; ``key`` marks what everyone must have seen."""

    at: datetime
    text: str
    who: str = ""
    href: str = ""
    key: bool = False


ACTS = {
    "shelter.state": lazy("避難所の状態を報告"),
    "shelters.load": lazy("施設一覧を更新"),
    "network_loaded": lazy("道路網を更新"),
    "warnings.acknowledged": lazy("読めなかった電文を確認"),
    "order.draft": lazy("避難情報を起案"),
    "order.submit": lazy("避難情報の決裁を依頼"),
    "order.return": lazy("避難情報を差し戻し"),
    "order.reject": lazy("避難情報を却下"),
    "order.approve": lazy("避難情報を決裁"),
    "order.issue": lazy("避難情報を発令"),
    "order.cancel": lazy("避難情報を取消"),
    "order.lift": lazy("避難情報を解除"),
    "message.approve": lazy("伝達文を承認"),
    "message.correct": lazy("伝達文を訂正"),
    "message.cancel": lazy("伝達文を取消"),
    "inquiry.open": lazy("安否確認を開始"),
    "terminal.enrol": lazy("受付端末を登録"),
}
"""Acts of the audit in words; an act without words is shown by its own name, never left out."""

HIDDEN = ("accounts.", "session.")
KEY_ACTS = ("order.",)


def happenings(limit: int = 60) -> list[Happening]:
    """Return the newest lines of the chronology, newest first."""
    found = [*_acts(limit), *_telegrams(limit), *_plans(limit), *_people()]
    return sorted(found, key=lambda line: line.at, reverse=True)[:limit]


def _acts(limit: int) -> list[Happening]:
    """Return what people did, from the audit."""
    rows = AuditEntry.objects.order_by("-sequence")[: limit * 2]
    return [
        Happening(
            row.at,
            _act_text(row),
            "" if row.actor.startswith("system") else str(row.detail.get("by") or row.actor),
            key=row.action.startswith(KEY_ACTS),
        )
        for row in rows
        if not row.action.startswith(HIDDEN)
    ]


def _act_text(row: AuditEntry) -> str:
    """Return an act in words, with what it was about."""
    text = str(ACTS.get(row.action, row.action))
    about = row.detail.get("name") or ""
    if state := row.detail.get("state"):
        about = f"{about} {words.state('facility', str(state))[0]}".strip()
    return f"{text}：{about}" if about else text


def _telegrams(limit: int) -> list[Happening]:
    """Return the telegrams about us."""
    return [
        Happening(
            row.received_at,
            _("電文を受信：%(title)s") % {"title": row.title or _("標題なし")},
            row.office,
            f"/staff/warnings/{row.pk}/",
            key=row.severity in {"emergency", "critical"},
        )
        for row in warnings.history(limit, ours_only=True)
    ]


def _plans(limit: int) -> list[Happening]:
    """Return the plan runs with their totals."""
    return [
        Happening(
            run.at,
            _("避難計画を計算：対象 %(people)s人（%(seconds).1f秒）")
            % {"people": f"{run.counts.get('people', 0):,}", "seconds": run.seconds},
        )
        for run in evacuation.PlanRun.objects.order_by("-pk")[:limit]
    ]


def _people() -> list[Happening]:
    """Return hour by hour how many residents were newly accounted for."""
    by_hour: dict[datetime, list[int]] = {}
    for point in safety.curve():
        hour = point.at.astimezone(JST).replace(minute=0, second=0, microsecond=0)
        by_hour.setdefault(hour, []).append(point.unaccounted)
    return [
        Happening(
            hour,
            _("%(hour)s時台に安否を確認：%(count)s人、未確認は残り%(left)s人")
            % {
                "hour": hour.hour,
                "count": f"{max(counts) - counts[-1]:,}",
                "left": f"{counts[-1]:,}",
            },
        )
        for hour, counts in by_hour.items()
        if max(counts) > counts[-1]
    ]
