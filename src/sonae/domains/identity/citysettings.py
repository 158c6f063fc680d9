"""Settings of the city that say who may see or do what: changed by two people where that opens more.

Who proposes gives the reason; somebody else agrees, never the person it is about. What only closes
(an officer less, two people asked where one was) one person does at once. Nothing of it is erased.
"""

from __future__ import annotations

from typing import Final

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.identity.models import Account, SettingChange
from sonae.domains.municipalities.interface import changing_settings, municipality
from sonae.platform import audit
from sonae.platform.access import Actor, Audience, Role, require
from sonae.platform.db import writing
from sonae.platform.scope import current_municipality, is_exercise

OFFICERS: Final = "shield_officers"
"""Account numbers of those who see people under 支援措置 when a life is at stake."""
LINK_TWO: Final = "link_two_people"
"""Whether a person's link of a visitor needs a second person."""
SETTINGS: Final = (OFFICERS, LINK_TWO)
MAY_BE_OFFICER: Final = (Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR)


# --- reading -----------------------------------------------------------------------------------


def officers() -> list[Account]:
    """Return the accounts named for people under 支援措置, closed ones too, by address."""
    named = municipality().settings.get(OFFICERS) or ()
    rows = Account.objects.filter(municipality=current_municipality(), pk__in=list(named))
    return list(rows.order_by("email"))


def may_become_officer() -> list[Account]:
    """Return the open staff accounts that could be named and are not, by address."""
    rows = Account.objects.filter(
        municipality=current_municipality(), is_active=True,
        role__in=[one.value for one in MAY_BE_OFFICER],
    )  # fmt: skip
    named = {one.pk for one in officers()}
    return [one for one in rows.order_by("email") if one.pk not in named]


def link_needs_two() -> bool:
    """Tell whether a link that a person makes needs a second person's agreement."""
    return bool(municipality().settings.get(LINK_TWO))


def changes(actor: Actor, limit: int = 100) -> list[SettingChange]:
    """Return the changes of settings, those that wait first, then the newest."""
    require(actor, Audience.ADMINISTRATOR, Audience.APPROVER)
    rows = SettingChange.objects.select_related("account").order_by("-pk")[:limit]
    return sorted(rows, key=lambda one: one.state != "waiting")


# --- writing -----------------------------------------------------------------------------------


def propose(
    actor: Actor, setting: str, wanted: bool, reason: str, account_pk: int | None = None
) -> SettingChange:
    """Ask for a change, or make it at once where it only closes; return it with its state.

    `SonaeError` ``unprocessable`` without a reason or for an account that cannot be named, ``conflict``
    where it is so already, or waits already.
    """
    _may_change(actor, Audience.ADMINISTRATOR)
    if not reason.strip():
        raise SonaeError("unprocessable", "理由を書いてください。", "あとで説明に使います。")
    if setting not in SETTINGS or (setting == OFFICERS) is not (account_pk is not None):
        raise SonaeError("unprocessable", "変える設定が正しくありません。")
    with writing():
        municipality(lock=True)
        account = _account(account_pk, wanted) if account_pk is not None else None
        if _is_so(setting, account, wanted):
            raise SonaeError("conflict", "もう、そのようになっています。")
        if SettingChange.objects.filter(setting=setting, account=account, state="waiting").exists():
            raise SonaeError("conflict", "同じ変更が、もう1人の確認を待っています。")
        row = SettingChange.objects.create(
            setting=setting, account=account, wanted=wanted, reason=reason.strip()[:200],
            proposed_by=actor.id, proposed_at=clock.SystemClock().now(),
        )  # fmt: skip
        if _opens(setting, wanted):
            _log(actor, row, "setting_proposed")
        else:
            _apply(actor, row)
    return row


def _opens(setting: str, wanted: bool) -> bool:
    """Tell whether a change lets somebody see or do more: then two people are asked for."""
    return wanted if setting == OFFICERS else not wanted


def agree(actor: Actor, pk: int) -> SettingChange:
    """Put a change in force; never by who proposed it, nor by the person it is about."""
    _may_change(actor, Audience.ADMINISTRATOR, Audience.APPROVER)
    with writing():
        municipality(lock=True)
        row = _waiting(pk)
        if row.proposed_by == actor.id:
            raise SonaeError("forbidden", "提案した本人は、確かめたことにできません。")
        if row.account_id is not None and row.account_id == actor.account_id:
            raise SonaeError("forbidden", "自分のことは、確かめたことにできません。")
        if row.account_id is not None:
            _account(row.account_id, row.wanted)
        _apply(actor, row)
    return row


def refuse(actor: Actor, pk: int, why: str = "") -> SettingChange:
    """Turn a change down, or take one's own back; nothing has changed by it."""
    _may_change(actor, Audience.ADMINISTRATOR, Audience.APPROVER)
    with writing():
        row = _waiting(pk)
        row.state, row.decided_by = "refused", actor.id
        row.decided_at, row.decided_why = clock.SystemClock().now(), why.strip()[:200]
        row.save()
        _log(actor, row, "setting_refused")
    return row


def _apply(actor: Actor, row: SettingChange) -> None:
    """Write the change into the settings."""
    with changing_settings() as held:
        if row.setting == OFFICERS:
            named = set(held.get(OFFICERS) or ())
            held[OFFICERS] = sorted(
                named | {row.account_id} if row.wanted else named - {row.account_id}
            )
        else:
            held[row.setting] = row.wanted
    row.state, row.decided_by, row.decided_at = "in_force", actor.id, clock.SystemClock().now()
    row.save()
    _log(actor, row, "setting_changed")


def _is_so(setting: str, account: Account | None, wanted: bool) -> bool:
    held = municipality().settings.get(setting)
    now = account.pk in (held or ()) if account else bool(held)
    return now is wanted


def _account(pk: int, wanted: bool) -> Account:
    """Return whom a change is about: to be named an open account of staff, to be removed any."""
    found = Account.objects.filter(pk=pk, municipality=current_municipality()).first()
    fits = found is not None and found.is_active and found.role in MAY_BE_OFFICER
    if found is None or (wanted and not fits):
        raise SonaeError("unprocessable", "この人は、担当者にできません。")
    return found


def _waiting(pk: int) -> SettingChange:
    row = SettingChange.objects.select_for_update().filter(pk=pk).first()
    if row is None:
        raise SonaeError("not_found", "この変更はありません。")
    if row.state != "waiting":
        raise SonaeError("conflict", "この変更は、もう決まっています。")
    return row


def _may_change(actor: Actor, *allowed: Audience) -> None:
    """Both worlds share the settings: an exercise changes none."""
    require(actor, *allowed)
    if is_exercise():
        raise SonaeError(
            "conflict", "訓練の中では、設定を変えられません。", "本番の画面で行ってください。"
        )


def _log(actor: Actor, row: SettingChange, act: str) -> None:
    about = f"account:{row.account_id}" if row.account_id else f"setting:{row.setting}"
    audit.record(
        actor.id, act, about, change=row.pk, setting=row.setting, wanted=row.wanted,
        reason=row.reason,
    )  # fmt: skip
