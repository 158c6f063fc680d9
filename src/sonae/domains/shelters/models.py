"""Facility (施設), its designations, FacilityStatus (開設状況), and the lists they come from.

EmergencySite (指定緊急避難場所), Shelter (指定避難所), FacilityList (施設一覧), ListSettlement (一覧の照合).
"""

from django.db import models

from sonae.domains.municipalities.models import Town
from sonae.platform.scoped import ScopedModel, TenantModel


class Facility(TenantModel):
    """施設: one physical place; it may be an emergency site, a shelter, or both.

    ``public_id`` is the id of lists and interfaces (共通ID where the national list has one).
    Three-valued attributes are ``yes``, ``no`` or ``unknown``. ``left_with``: what a facility was
    designated for when a list no longer named it (`services.DESIGNATED`), to be taken up when it returns.
    """

    public_id = models.CharField("施設ID", max_length=24)
    name = models.CharField("名称", max_length=120)
    kana = models.CharField("カナ", max_length=200, blank=True)
    address = models.CharField("所在地", max_length=200, blank=True)
    town = models.ForeignKey(Town, null=True, on_delete=models.SET_NULL, verbose_name="町字")
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")
    node = models.IntegerField("最寄り経路点", null=True, blank=True)
    usable = models.CharField("使用可否", max_length=8, default="unknown")
    usable_reason = models.CharField("使用できない理由", max_length=200, blank=True)
    pets = models.CharField("ペット同行", max_length=8, default="unknown")
    step_free = models.CharField("段差なし", max_length=8, default="unknown")
    wheelchair_toilet = models.CharField("車いす対応トイレ", max_length=8, default="unknown")
    source = models.CharField("出典", max_length=120, blank=True)
    source_date = models.CharField("出典の日付", max_length=10, blank=True)
    left_with = models.JSONField("外れる前の指定", default=dict)

    class Meta:
        """Public ids are unique within the municipality."""

        verbose_name = "施設"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "public_id"], name="facility_id")
        ]


class EmergencySite(TenantModel):
    """指定緊急避難場所 (災害対策基本法 第49条の4): designated per hazard.

    ``hazards`` maps flood, landslide, storm_surge, earthquake, tsunami, fire, inland_flood and
    volcano to ``yes``, ``partial``, ``no`` or ``unknown``.
    """

    facility = models.OneToOneField(Facility, on_delete=models.CASCADE, verbose_name="施設")
    hazards = models.JSONField("災害種別ごとの指定", default=dict)
    capacity = models.IntegerField("想定収容人数", null=True, blank=True)

    class Meta:
        """One designation per facility."""

        verbose_name = "指定緊急避難場所"


class Shelter(TenantModel):
    """指定避難所 (災害対策基本法 第49条の7): where people stay.

    ``capacity`` null = unknown, never 0 for unknown. ``restricted_to`` lists the groups admitted
    (elderly, disabled, child, other); an empty list means everyone.
    """

    facility = models.OneToOneField(Facility, on_delete=models.CASCADE, verbose_name="施設")
    capacity = models.IntegerField("収容人数", null=True, blank=True)
    restricted_to = models.JSONField("受入対象者", default=list)

    class Meta:
        """One designation per facility."""

        verbose_name = "指定避難所"


class FacilityStatus(ScopedModel):
    """開設状況: what is known about a facility now, by whom, when; history is kept.

    ``capacity``: people it takes as reported (more rooms opened, a wing flooded), null = as listed.

    ``state`` is ``open``, ``preparing``, ``full``, ``closed`` or ``unknown``; the newest row per
    facility counts. ``ordered_by`` (`rules.ORDERERS`): by whose word it was opened or closed.
    ``congestion``: how crowded whoever is there finds it (`rules.CONGESTION`), empty = not said.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    state = models.CharField("状態", max_length=10)
    at = models.DateTimeField("日時")
    reported_by = models.CharField("報告者", max_length=120)
    note = models.CharField("備考", max_length=200, blank=True)
    capacity = models.IntegerField("受入人数の報告", null=True, blank=True)
    ordered_by = models.CharField("決めた人", max_length=12, blank=True)
    congestion = models.CharField("混み具合の報告", max_length=8, blank=True)

    class Meta:
        """Newest first per facility."""

        verbose_name = "開設状況"
        indexes = [
            models.Index(fields=["municipality", "world", "facility", "at"], name="status_at")
        ]


class FacilityList(TenantModel):
    """施設一覧: one uploaded edition; what it said is kept, also of editions that were refused.

    ``purpose``: ``replace`` (to come into force) or ``compare`` (to be set beside the list in force).
    ``origin``: ``national`` or ``municipal``. ``state``: waiting, in_force, replaced, overtaken, discarded or
    refused. ``rows`` and ``defects``: as `engines.shelters` reads them; ``fields``: what it speaks of.
    """

    purpose = models.CharField("用途", max_length=8, default="replace")
    origin = models.CharField("国・市", max_length=9, default="municipal")
    state = models.CharField("状態", max_length=9, default="waiting")
    files = models.JSONField("ファイル名", default=list)
    digest = models.CharField("ハッシュ", max_length=64, blank=True)
    rows = models.JSONField("施設", default=list)
    fields = models.JSONField("項目", default=list)
    headings = models.JSONField("見出し", default=dict)
    defects = models.JSONField("欠陥", default=list)
    source = models.CharField("出典", max_length=120, blank=True)
    source_date = models.CharField("出典の日付", max_length=10, blank=True)
    uploaded_at = models.DateTimeField("受付日時")
    uploaded_by = models.CharField("受付者", max_length=120)
    decided_at = models.DateTimeField("決定日時", null=True, blank=True)
    decided_by = models.CharField("決定者", max_length=120, blank=True)
    result = models.JSONField("結果", default=dict)

    class Meta:
        """Newest first by upload."""

        verbose_name = "施設一覧"
        indexes = [models.Index(fields=["municipality", "purpose", "state"], name="list_state")]


class ListSettlement(TenantModel):
    """一覧の照合: what a person chose where two lists say different things of one facility.

    ``field`` as in `engines.shelters.reconcile.FIELDS`. ``choice``: ``national``, ``municipal`` or
    ``both`` (nothing taken over, both noted). The newest row per facility and field counts, as long as
    both lists still say what they said.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    field = models.CharField("項目", max_length=14)
    national = models.JSONField("国の一覧", null=True)
    municipal = models.JSONField("市の一覧", null=True)
    choice = models.CharField("決定", max_length=9)
    note = models.CharField("備考", max_length=200, blank=True)
    decided_at = models.DateTimeField("決定日時")
    decided_by = models.CharField("決定者", max_length=120)

    class Meta:
        """History is kept."""

        verbose_name = "一覧の照合"
        indexes = [models.Index(fields=["municipality", "facility", "field"], name="settled_field")]
