"""Room (部屋), supplies, meals, BoardNotice (掲示), Guest (入館者), HealthCheck, DailyReport, Handover.

All of an operation: what is written in an exercise stays in the exercise. ``person`` is a key as in
`safety.PersonState`; who is inside is the ledger's to say, never counted here a second time.
"""

from django.db import models

from sonae.domains.shelters.models import Facility
from sonae.platform.scoped import ScopedModel


class Room(ScopedModel):
    """部屋・区画: one room or zone of a shelter; ``use`` as in `rules.ROOM_USES`.

    ``capacity`` null = unknown, never 0 for unknown. A closed room takes nobody and keeps its name.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    name = models.CharField("名前", max_length=40)
    use = models.CharField("用途", max_length=12, default="general")
    capacity = models.IntegerField("定員", null=True, blank=True)
    open = models.BooleanField("使用中", default=True)
    note = models.CharField("備考", max_length=200, blank=True)
    changed_at = models.DateTimeField("変更日時")
    changed_by = models.CharField("変更した人", max_length=120)

    class Meta:
        """Names are unique within a facility and world."""

        verbose_name = "部屋"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "facility", "name"], name="room_name"
            )
        ]


class RoomStay(ScopedModel):
    """部屋割り: who stays in which room; the newest row per person counts while the person is inside."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, verbose_name="部屋")
    person = models.CharField("本人", max_length=24)
    at = models.DateTimeField("日時")
    by = models.CharField("記録者", max_length=120)

    class Meta:
        """History is kept: whom an infected person shared a room with is asked days later."""

        verbose_name = "部屋割り"
        indexes = [models.Index(fields=["municipality", "world", "person"], name="room_stay")]


class SupplyRequest(ScopedModel):
    """物資の要請: what a shelter asks for; ``state`` as in `rules.SUPPLY_STEPS`.

    ``item`` in words, ``kind`` as in `rules.SUPPLY_KINDS`, ``quantity`` of ``unit``.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    kind = models.CharField("分類", max_length=12)
    item = models.CharField("品名", max_length=80)
    quantity = models.IntegerField("数量")
    unit = models.CharField("単位", max_length=12)
    urgent = models.BooleanField("至急", default=False)
    note = models.CharField("備考", max_length=200, blank=True)
    state = models.CharField("状態", max_length=10, default="asked")
    asked_at = models.DateTimeField("要請日時")
    asked_by = models.CharField("要請した人", max_length=120)
    changed_at = models.DateTimeField("更新日時")
    changed_by = models.CharField("更新した人", max_length=120)

    class Meta:
        """Read by facility."""

        verbose_name = "物資の要請"
        indexes = [
            models.Index(fields=["municipality", "world", "facility", "state"], name="supply_state")
        ]


class SupplyReceipt(ScopedModel):
    """物資の受領: what arrived at a shelter, for a request or unasked (``request`` null)."""

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    request = models.ForeignKey(
        SupplyRequest, null=True, on_delete=models.PROTECT, verbose_name="要請"
    )
    item = models.CharField("品名", max_length=80)
    quantity = models.IntegerField("数量")
    unit = models.CharField("単位", max_length=12)
    giver = models.CharField("届けた所", max_length=80, blank=True)
    at = models.DateTimeField("受領日時")
    by = models.CharField("受け取った人", max_length=120)

    class Meta:
        """Read by facility, newest first."""

        verbose_name = "物資の受領"
        indexes = [models.Index(fields=["municipality", "world", "facility"], name="supply_here")]


class Meal(ScopedModel):
    """配食: one distribution of food or goods per person; ``portions`` null = not counted.

    Everybody inside, and whoever stays in a car or at home and is supported from here, is entitled to
    one. ``allergens``: what it contains of `rules.ALLERGENS`.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    name = models.CharField("名前", max_length=80)
    portions = models.IntegerField("用意した数", null=True, blank=True)
    allergens = models.JSONField("アレルゲン", default=list)
    begun_at = models.DateTimeField("開始日時")
    begun_by = models.CharField("始めた人", max_length=120)
    ended_at = models.DateTimeField("終了日時", null=True, blank=True)

    class Meta:
        """Read by facility, newest first."""

        verbose_name = "配食"
        indexes = [models.Index(fields=["municipality", "world", "facility"], name="meal_here")]


class MealHandout(ScopedModel):
    """受け渡し: a portion given to a person; ``helping`` 1 is the entitlement, 2 and more are seconds."""

    meal = models.ForeignKey(Meal, on_delete=models.CASCADE, verbose_name="配食")
    person = models.CharField("本人", max_length=24)
    helping = models.SmallIntegerField("何回目", default=1)
    at = models.DateTimeField("日時")
    by = models.CharField("渡した人", max_length=120)

    class Meta:
        """The same helping is given once, whoever presses the button at the same moment."""

        verbose_name = "受け渡し"
        constraints = [
            models.UniqueConstraint(fields=["meal", "person", "helping"], name="meal_helping_once")
        ]


class BoardNotice(ScopedModel):
    """掲示: a sheet on the shelter's noticeboard; ``public`` ones are on the city's page too."""

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    title = models.CharField("見出し", max_length=80)
    text = models.TextField("本文", max_length=2000)
    public = models.BooleanField("市民のページにも出す", default=False)
    put_up_at = models.DateTimeField("掲示日時")
    put_up_by = models.CharField("掲示した人", max_length=120)
    until = models.DateTimeField("掲示の期限", null=True, blank=True)
    taken_down_at = models.DateTimeField("外した日時", null=True, blank=True)

    class Meta:
        """Read by facility."""

        verbose_name = "掲示"
        indexes = [models.Index(fields=["municipality", "world", "facility"], name="board_here")]


class Guest(ScopedModel):
    """入館者: somebody who comes in and does not stay: visitor, volunteer, official, press.

    They are in no head-count of evacuees; ``left_at`` null = still inside, and counted when fire breaks
    out.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    kind = models.CharField("種類", max_length=10)
    name = models.CharField("氏名", max_length=80)
    organisation = models.CharField("所属", max_length=80, blank=True)
    purpose = models.CharField("用件", max_length=120, blank=True)
    came_at = models.DateTimeField("入館日時")
    left_at = models.DateTimeField("退館日時", null=True, blank=True)
    by = models.CharField("記録者", max_length=120)

    class Meta:
        """Read by facility."""

        verbose_name = "入館者"
        indexes = [models.Index(fields=["municipality", "world", "facility"], name="guest_here")]


class HealthCheck(ScopedModel):
    """健康チェック: what was asked and seen of a person; a record for carers, no diagnosis.

    ``celsius``: body temperature as a reference value, null = not taken. ``symptoms`` as in
    `rules.SYMPTOMS`. ``look_after``: a carer wants to see the person again.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    person = models.CharField("本人", max_length=24)
    celsius = models.FloatField("体温", null=True, blank=True)
    symptoms = models.JSONField("症状", default=list)
    look_after = models.BooleanField("経過を見る", default=False)
    note = models.CharField("備考", max_length=400, blank=True)
    at = models.DateTimeField("日時")
    by = models.CharField("記録者", max_length=120)

    class Meta:
        """Read by facility and person."""

        verbose_name = "健康チェック"
        indexes = [
            models.Index(fields=["municipality", "world", "facility", "at"], name="health_here"),
        ]


class DailyReport(ScopedModel):
    """避難所日報: the figures of one shelter as they were when somebody sent them in; never changed.

    ``figures`` as `reports.figures` makes them; ``condition`` the typed part (`rules.LIFELINES` and
    free text). A later report of the same day replaces an earlier one in the city's sum.
    """

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    day = models.DateField("対象日")
    at = models.DateTimeField("報告日時")
    by = models.CharField("報告者", max_length=120)
    figures = models.JSONField("数字", default=dict)
    condition = models.JSONField("状況", default=dict)

    class Meta:
        """Read by day."""

        verbose_name = "避難所日報"
        indexes = [models.Index(fields=["municipality", "world", "day"], name="report_day")]


class Handover(ScopedModel):
    """引継ぎ: what one shift tells the next; ``taken_by`` is who has read it and took over."""

    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="施設")
    text = models.TextField("伝えること", max_length=4000)
    figures = models.JSONField("数字", default=dict)
    at = models.DateTimeField("日時")
    by = models.CharField("渡した人", max_length=120)
    by_id = models.CharField("渡した人のID", max_length=60)
    taken_at = models.DateTimeField("受けた日時", null=True, blank=True)
    taken_by = models.CharField("受けた人", max_length=120, blank=True)

    class Meta:
        """Read by facility, newest first."""

        verbose_name = "引継ぎ"
        indexes = [models.Index(fields=["municipality", "world", "facility"], name="handover_here")]
