"""PlanRun (避難計画の計算), Advice (個人別の避難行動), EvacuationOrder (避難情報), CardBatch, HouseholdTimeline."""

import secrets

from django.db import models

from sonae.domains.municipalities.models import Town
from sonae.domains.residents.models import Household, Resident
from sonae.domains.shelters.models import Facility
from sonae.domains.warnings.models import Telegram
from sonae.platform.scoped import ScopedModel, TenantModel


def new_token() -> str:
    """Return 32 random hexadecimal digits."""
    return secrets.token_hex(16)


class PlanRun(ScopedModel):
    """避難計画の計算: one pass over everyone, for the hazards warned of at that time.

    ``current`` marks the run that counts in its world. ``hazards`` are the warned hazards with the
    level and the telegram; ``counts`` the totals shown on the staff desk. ``base``: the run whose
    advice this one took over and changed in part; ``token``: names the run beyond doubt, for what a
    process remembers (numbers come again after a rollback).
    """

    telegram = models.ForeignKey(
        Telegram, null=True, on_delete=models.PROTECT, verbose_name="きっかけの電文"
    )
    reason = models.CharField("きっかけ", max_length=40)
    at = models.DateTimeField("計算日時")
    seconds = models.FloatField("所要秒数", default=0)
    hazards = models.JSONField("対象の災害", default=list)
    counts = models.JSONField("集計", default=dict)
    current = models.BooleanField("現在の計画", default=False)
    base = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, verbose_name="個人別の避難行動を引き継いだ計算"
    )
    token = models.CharField("識別子", max_length=32, default=new_token)

    @property
    def advice_run(self) -> int:
        """Primary key of the run to which the rows of this run's advice belong."""
        return int(self.base_id or self.pk)

    class Meta:
        """At most one run counts in a world; it is looked up on every page."""

        verbose_name = "避難計画の計算"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world"],
                condition=models.Q(current=True),
                name="plan_current",
            )
        ]


class Advice(models.Model):
    """個人別の避難行動: what one resident in danger (or in unsurveyed ground) should do.

    ``zone`` is ``inside`` or ``unknown``; ``decision``, ``rule`` and ``reason`` are codes of
    `engines.evacuation`. Distances in metres along the walking network; ``facility`` null when there
    is none, with ``reason``. ``leave_by`` is null when it is unknown; who must leave at once keeps
    the time since which that holds. ``run``: the run that wrote the row (see `PlanRun.base`).
    ``trace``: bits of every rule that held (`engines.evacuation.rulebook`).
    """

    run = models.ForeignKey(PlanRun, on_delete=models.CASCADE, verbose_name="計算")
    resident = models.ForeignKey(
        Resident, on_delete=models.CASCADE, db_index=True, verbose_name="住民"
    )
    zone = models.CharField("危険区域", max_length=8)
    hazard = models.CharField("災害種別", max_length=16)
    rank = models.SmallIntegerField("危険度")
    decision = models.CharField("行動", max_length=16)
    rule = models.CharField("根拠", max_length=40)
    facility = models.ForeignKey(
        Facility, null=True, on_delete=models.SET_NULL, db_index=False, verbose_name="避難先"
    )
    distance_m = models.FloatField("距離", null=True)
    danger_m = models.FloatField("危険な区間", null=True)
    minutes = models.FloatField("所要分", null=True)
    leave_by = models.DateTimeField("出発期限", null=True)
    departure = models.CharField("出発の判断", max_length=12, blank=True)
    reason = models.CharField("避難先がない理由", max_length=20, blank=True)
    trace = models.BigIntegerField("あてはまったきまり", default=0)

    class Meta:
        """Belongs to its run's municipality and world."""

        verbose_name = "個人別の避難行動"


class Assignment(ScopedModel):
    """受入見込み: who of the current plan is expected where, with places for whole households.

    One row per world. ``seats``: columns (npz) of household, node, facility, metres, metres in danger,
    crowded. ``summary``: totals, sites and towns as the page shows them (`capacity.summary`).
    """

    run = models.ForeignKey(PlanRun, on_delete=models.CASCADE, verbose_name="計算")
    at = models.DateTimeField("計算日時")
    seconds = models.FloatField("所要秒数", default=0)
    seats = models.BinaryField("割り当て")
    summary = models.JSONField("集計", default=dict)

    class Meta:
        """The newest counts; older ones are removed with it."""

        verbose_name = "受入見込み"


class WhatIf(ScopedModel):
    """受入見込みの試算: what would be if places closed, opened or took more people.

    ``changes``: ``close`` and ``open`` (facility keys), ``capacity`` (facility key → people).
    ``status`` waiting, running, done, failed, discarded, adopted. ``result``: ``now`` and ``then``,
    both of the moment of the computation and like `Assignment.summary`.
    """

    number = models.IntegerField("番号")
    status = models.CharField("状態", max_length=10, default="waiting")
    made_by = models.CharField("作成者", max_length=120)
    made_at = models.DateTimeField("作成日時")
    changes = models.JSONField("変更", default=dict)
    percent = models.SmallIntegerField("進み具合", default=0)
    step = models.CharField("いまの処理", max_length=80, blank=True)
    result = models.JSONField("結果", default=dict)
    error = models.CharField("エラー", max_length=200, blank=True)
    seconds = models.FloatField("所要秒数", default=0)

    class Meta:
        """Numbered from 1 in each world."""

        verbose_name = "受入見込みの試算"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "number"], name="what_if_number"
            )
        ]


class EvacuationOrder(ScopedModel):
    """避難情報 (災害対策基本法 第60条; 第56条第2項): the mayor's own decision, never a telegram's.

    ``level`` 3 高齢者等避難, 4 避難指示, 5 緊急安全確保. ``status`` moves only as
    `rules.ORDER_TRANSITIONS` allows; submitter and approver are never the same account.
    """

    number = models.IntegerField("番号")
    level = models.SmallIntegerField("警戒レベル")
    hazard = models.CharField("災害種別", max_length=16)
    status = models.CharField("状態", max_length=12, default="draft")
    towns = models.ManyToManyField(Town, verbose_name="対象町字")
    whole_city = models.BooleanField("市内全域", default=False)
    reason = models.TextField("理由", blank=True)
    plan_run = models.ForeignKey(
        PlanRun, null=True, on_delete=models.SET_NULL, verbose_name="根拠の計算"
    )
    telegram = models.ForeignKey(
        Telegram, null=True, on_delete=models.PROTECT, verbose_name="根拠の電文"
    )
    people = models.IntegerField("対象人数", default=0)
    households = models.IntegerField("対象世帯数", default=0)
    drafted_by = models.CharField("起案者", max_length=120)
    drafted_at = models.DateTimeField("起案日時")
    submitted_by = models.CharField("申請者", max_length=120, blank=True)
    submitted_at = models.DateTimeField("申請日時", null=True)
    decided_by = models.CharField("決裁者", max_length=120, blank=True)
    decided_at = models.DateTimeField("決裁日時", null=True)
    decision_reason = models.TextField("差し戻し・却下の理由", blank=True)
    issued_at = models.DateTimeField("発令日時", null=True)
    ended_at = models.DateTimeField("解除・取消日時", null=True)
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, verbose_name="引き継ぐ発令"
    )

    class Meta:
        """Numbered from 1 in each world."""

        verbose_name = "避難情報"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "world", "number"], name="order_number")
        ]


class HouseholdTimeline(TenantModel):
    """マイ・タイムライン: what a household has decided for itself, in three answers.

    One row ``current`` per household, and the one before it for taking back; nothing older is kept.
    It belongs to the register: the same in an exercise, which cannot change it. ``resident`` is set
    for someone under 支援措置 only, whose plan is nobody else's. ``members``, ``leaving``, ``goal``:
    `engines.evacuation.timeline`. For the goal ``own``: ``place_kind`` (`timelines.PLACE_KINDS`),
    ``place_name``, and where it is as far as stated: ``town`` or outside the municipality.
    """

    household = models.ForeignKey(Household, on_delete=models.CASCADE, verbose_name="世帯")
    resident = models.ForeignKey(
        Resident, null=True, on_delete=models.CASCADE, db_index=False, verbose_name="住民"
    )
    members = models.JSONField("家にいる人", default=list)
    leaving = models.CharField("避難のしかた", max_length=8)
    goal = models.CharField("行き先", max_length=8)
    place_kind = models.CharField("行き先の種類", max_length=12, blank=True)
    place_name = models.CharField("行き先の名前", max_length=80, blank=True)
    town = models.ForeignKey(
        Town, null=True, on_delete=models.SET_NULL, db_index=False, verbose_name="行き先の町字"
    )
    outside = models.BooleanField("市の外", default=False)
    stated_by = models.CharField("申告者", max_length=120)
    stated_at = models.DateTimeField("申告日時")
    current = models.BooleanField("現在の計画", default=True)

    class Meta:
        """One that counts per household, and per person under 支援措置."""

        verbose_name = "マイ・タイムライン"
        constraints = [
            models.UniqueConstraint(
                fields=["household"],
                condition=models.Q(current=True, resident=None),
                name="timeline_current",
            ),
            models.UniqueConstraint(
                fields=["resident"],
                condition=models.Q(current=True, resident__isnull=False),
                name="timeline_own_current",
            ),
        ]


class CardBatch(ScopedModel):
    """避難カードの一括印刷: the cards of some towns in one file, for door-to-door.

    The file lies in the server's home, readable by the server only, and is removed after a day or when
    somebody says so. ``state``: waiting, working, ready, failed, removed.
    """

    towns = models.JSONField("町字", default=list)
    purpose = models.CharField("目的", max_length=120)
    requested_by = models.CharField("依頼者", max_length=120)
    requested_name = models.CharField("依頼者の氏名", max_length=120, blank=True)
    requested_at = models.DateTimeField("依頼日時")
    state = models.CharField("状態", max_length=8, default="waiting")
    total = models.IntegerField("世帯数", default=0)
    done = models.IntegerField("できた世帯数", default=0)
    left_out = models.IntegerField("印刷しない世帯数", default=0)
    pages = models.IntegerField("ページ数", default=0)
    problem = models.CharField("作れなかった理由", max_length=400, blank=True)
    finished_at = models.DateTimeField("完了日時", null=True)

    class Meta:
        """Shown newest first."""

        verbose_name = "避難カードの一括印刷"
