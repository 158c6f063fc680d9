"""Sighting (所在情報), PersonLink (本人の照合), PersonState (安否の現況), Visitor, Inquiry (安否確認)."""

from django.db import models

from sonae.domains.municipalities.models import Town
from sonae.domains.residents.models import Resident
from sonae.domains.shelters.models import Facility
from sonae.platform.scoped import ScopedModel, TenantModel


class Terminal(TenantModel):
    """受付端末: a device enrolled for one shelter; only the hash of its token is kept.

    ``purpose`` as in `fleet.PURPOSES`. What the device told last: ``version``, ``waiting`` (unsent) and
    ``refused`` events, ``battery`` in percent, ``list_until`` (its list of people expires),
    ``clock_ahead`` in seconds; null = not told. ``locked_at`` and ``wipe_at``: ordered from the desk and
    told to the device with every answer; ``wiped_at``: it has told that it did.
    """

    code = models.CharField("端末番号", max_length=24)
    name = models.CharField("名称", max_length=60)
    facility = models.ForeignKey(Facility, on_delete=models.CASCADE, verbose_name="避難所")
    token_hash = models.CharField("トークンのハッシュ", max_length=64, unique=True)
    enrolled_at = models.DateTimeField("登録日時")
    revoked_at = models.DateTimeField("失効日時", null=True, blank=True)
    last_seen_at = models.DateTimeField("最終通信", null=True, blank=True)
    purpose = models.CharField("用途", max_length=12, default="desk")
    version = models.CharField("版", max_length=40, blank=True, default="")
    waiting = models.IntegerField("未送信", null=True, blank=True)
    refused = models.IntegerField("受理されない記録", null=True, blank=True)
    battery = models.SmallIntegerField("電池残量", null=True, blank=True)
    list_until = models.DateTimeField("名簿の期限", null=True, blank=True)
    clock_ahead = models.IntegerField("時計の進み", null=True, blank=True)
    locked_at = models.DateTimeField("停止を命じた日時", null=True, blank=True)
    wipe_at = models.DateTimeField("消去を命じた日時", null=True, blank=True)
    wiped_at = models.DateTimeField("消去を確認した日時", null=True, blank=True)

    class Meta:
        """Codes are unique within the municipality."""

        verbose_name = "受付端末"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="terminal_code")
        ]


class Visitor(ScopedModel):
    """来訪者・未照合の人: someone whom a desk, a roster, a family or another city has named.

    ``resident`` or ``same_as`` is who this is by the links in force, chains followed to their end
    (`PersonLink`); both are null for a person in its own right. `links` alone writes them, and
    `services.rebuild` can make them anew.
    """

    key = models.CharField("本人キー", max_length=64)
    name = models.CharField("氏名", max_length=120, blank=True)
    kana = models.CharField("フリガナ", max_length=160, blank=True)
    birth_date = models.CharField("生年月日", max_length=10, blank=True)
    address = models.CharField("住所", max_length=200, blank=True)
    first_seen_at = models.DateTimeField("最初の確認")
    resident = models.ForeignKey(
        Resident,
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="visitors",
        verbose_name="住民",
    )
    same_as = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.PROTECT,
        db_index=False,
        related_name="aliases",
        verbose_name="同じ人",
    )

    class Meta:
        """One row per device-made person key; few are linked, and found by whom they are."""

        verbose_name = "来訪者"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "world", "key"], name="visitor_key")
        ]
        indexes = [
            models.Index(
                fields=["resident"],
                condition=models.Q(resident__isnull=False),
                name="visitor_resident",
            ),
            models.Index(
                fields=["same_as"],
                condition=models.Q(same_as__isnull=False),
                name="visitor_same_as",
            ),
        ]


class VisitorEntry(ScopedModel):
    """来訪者の記載: what is known of a visitor by now, over what was first written; the newest counts.

    ``home_city``: the city that is to be told, empty where nobody is. Never changed, only followed.
    """

    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, verbose_name="来訪者")
    name = models.CharField("氏名", max_length=120, blank=True)
    kana = models.CharField("フリガナ", max_length=160, blank=True)
    sex = models.CharField("性別", max_length=1, blank=True)
    birth_date = models.CharField("生年月日", max_length=10, blank=True)
    address = models.CharField("住所", max_length=200, blank=True)
    phone = models.CharField("電話番号", max_length=40, blank=True)
    home_city = models.CharField("知らせる市区町村", max_length=60, blank=True)
    note = models.CharField("備考", max_length=300, blank=True)
    at = models.DateTimeField("日時")
    by = models.CharField("書いた人", max_length=120)

    class Meta:
        """Read by visitor."""

        verbose_name = "来訪者の記載"


class VisitorConsent(ScopedModel):
    """来訪者の同意: like a resident's consent, of who is in no register; a yes until it is withdrawn.

    ``recipient``, ``purpose`` and ``kinds`` as `consent.rules` has them. It counts for the visitor alone:
    not for the resident that this may turn out to be, because a link can be wrong.
    """

    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, verbose_name="来訪者")
    recipient = models.CharField("提供先", max_length=80)
    purpose = models.CharField("目的", max_length=60)
    kinds = models.JSONField("情報の種類", default=list)
    granted_at = models.DateTimeField("同意日時")
    granted_by = models.CharField("聞いた人", max_length=120)
    withdrawn_at = models.DateTimeField("撤回日時", null=True)
    withdrawn_by = models.CharField("撤回を聞いた人", max_length=120, blank=True)

    class Meta:
        """Few; read by visitor."""

        verbose_name = "来訪者の同意"


class Sighting(ScopedModel):
    """所在情報: the one immutable event everything about safety is folded from.

    ``id`` (UUIDv7) and ``clock`` (hybrid logical clock) are made by the device, so that deliveries
    merge by set union. ``direction`` and ``status`` as in
    `rules.DIRECTIONS` and `rules.STATUSES`. ``stated_at`` is the device's time where that could not be
    believed and ``occurred_at`` was corrected (`times`). ``seconds``: this person's share of the time from
    the first input to the acknowledgement, null = not timed. ``bound_for``: where somebody who leaves (``out``)
    is going. Exactly one of ``resident`` and ``visitor`` is set, or neither
    for a refused event kept with ``refusal``.
    """

    id = models.UUIDField("ID", primary_key=True)
    resident = models.ForeignKey(Resident, null=True, on_delete=models.PROTECT, verbose_name="住民")
    visitor = models.ForeignKey(
        Visitor, null=True, on_delete=models.PROTECT, db_index=False, verbose_name="来訪者"
    )
    facility = models.ForeignKey(
        Facility, null=True, on_delete=models.PROTECT, db_index=False, verbose_name="施設"
    )
    place = models.CharField("場所", max_length=200, blank=True)
    direction = models.CharField("動き", max_length=16)
    status = models.CharField("安否", max_length=12, default="safe")
    occurred_at = models.DateTimeField("発生日時")
    stated_at = models.DateTimeField("端末の申告日時", null=True, blank=True)
    recorded_at = models.DateTimeField("記録日時")
    clock = models.CharField("論理時刻", max_length=64)
    source = models.CharField("情報源", max_length=16)
    device = models.CharField("端末", max_length=64, blank=True)
    actor = models.CharField("記録者", max_length=120, blank=True)
    confidence = models.FloatField("確からしさ", default=1.0)
    offline = models.BooleanField("オフライン記録", default=False)
    needs = models.JSONField("必要な支援", default=list)
    note = models.CharField("備考", max_length=400, blank=True)
    supersedes = models.UUIDField("訂正元", null=True, blank=True)
    refusal = models.CharField("受理できない理由", max_length=40, blank=True)
    seconds = models.FloatField("かかった秒数", null=True, blank=True)
    bound_for = models.ForeignKey(
        Facility, null=True, on_delete=models.PROTECT, db_index=False, related_name="+",
        verbose_name="行き先",
    )  # fmt: skip

    class Meta:
        """Read by person and by place. Every index is paid for at each scan: no more than these."""

        verbose_name = "所在情報"
        indexes = [
            models.Index(
                fields=["municipality", "world", "facility", "occurred_at"], name="seen_at"
            ),
            models.Index(
                fields=["visitor"], condition=models.Q(visitor__isnull=False), name="seen_visitor"
            ),
            models.Index(
                # All three: with the first alone SQLite walks through the world by `seen_at`.
                fields=["supersedes", "municipality", "world"],
                condition=models.Q(supersedes__isnull=False),
                name="seen_superseded",
            ),
            models.Index(
                fields=["bound_for"],
                condition=models.Q(bound_for__isnull=False),
                name="seen_bound_for",
            ),
        ]


class PersonLink(ScopedModel):
    """本人の照合: the immutable event that a visitor is a resident, or is another visitor.

    With neither ``resident`` nor ``other`` it ends the link. ``source``: auto, review, reception,
    family. A ``proposed`` one waits for a second person and changes nothing; an ``undo`` only takes
    back what it supersedes. ``supersedes`` is the link that it replaces; of those that nothing
    supersedes, the last by ``clock`` is in force, so that deliveries merge by set union, as
    sightings do (`rules.in_force`, docs/decisions/0014).
    """

    id = models.UUIDField("ID", primary_key=True)
    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, verbose_name="来訪者")
    resident = models.ForeignKey(
        Resident, null=True, on_delete=models.PROTECT, db_index=False, verbose_name="住民"
    )
    other = models.ForeignKey(
        Visitor, null=True, on_delete=models.PROTECT, related_name="+", verbose_name="同じ来訪者"
    )
    proposed = models.BooleanField("提案", default=False)
    undo = models.BooleanField("取消", default=False)
    source = models.CharField("照合の方法", max_length=12)
    reason = models.CharField("理由", max_length=400, blank=True)
    probability = models.FloatField("確からしさ", null=True)
    by = models.CharField("照合した人", max_length=120)
    at = models.DateTimeField("日時")
    clock = models.CharField("論理時刻", max_length=64)
    supersedes = models.UUIDField("前の照合", null=True)

    class Meta:
        """A visitor is linked to one person at most; read by either end."""

        verbose_name = "本人の照合"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(resident__isnull=True) | models.Q(other__isnull=True),
                name="person_link_one_end",
            )
        ]


class PersonState(ScopedModel):
    """安否の現況: the fold of one person's sightings; can be rebuilt from them at any time.

    ``person`` is ``r<resident pk>`` or ``v<visitor pk>``; a linked visitor has none of its own. Who left
    one shelter for another and has not been seen since is ``bound_for`` it: neither there nor gone.
    """

    person = models.CharField("本人", max_length=24)
    resident = models.ForeignKey(
        Resident, null=True, on_delete=models.CASCADE, db_index=False, verbose_name="住民"
    )
    visitor = models.ForeignKey(
        Visitor, null=True, on_delete=models.CASCADE, db_index=False, verbose_name="来訪者"
    )
    facility = models.ForeignKey(
        Facility, null=True, on_delete=models.SET_NULL, db_index=False, verbose_name="施設"
    )
    place = models.CharField("場所", max_length=200, blank=True)
    direction = models.CharField("動き", max_length=16)
    status = models.CharField("安否", max_length=12)
    seen_at = models.DateTimeField("最終確認")
    clock = models.CharField("論理時刻", max_length=64)
    conflict = models.BooleanField("複数箇所で確認", default=False)
    bound_for = models.ForeignKey(
        Facility, null=True, on_delete=models.SET_NULL, db_index=False, related_name="+",
        verbose_name="行き先",
    )  # fmt: skip

    class Meta:
        """One row per person and world; ``person`` is how it is found."""

        verbose_name = "安否の現況"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "person"], name="person_state_once"
            )
        ]
        indexes = [
            models.Index(fields=["municipality", "world", "facility"], name="state_facility"),
            models.Index(
                fields=["bound_for"],
                condition=models.Q(bound_for__isnull=False),
                name="state_bound_for",
            ),
        ]


class CallAnswer(ScopedModel):
    """救助要請への対応: what was done about one person's call for help; never changed, only superseded.

    ``person`` as in `PersonState`; ``clock`` that of the call it answers, so that a later call is
    open anew. ``status``: progress, done, unreachable, open (taken back).
    """

    person = models.CharField("本人", max_length=24)
    clock = models.CharField("要請の論理時刻", max_length=64)
    status = models.CharField("対応", max_length=12)
    note = models.CharField("備考", max_length=400, blank=True)
    at = models.DateTimeField("日時")
    by = models.CharField("対応した人", max_length=120)
    supersedes = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, verbose_name="前の対応"
    )

    class Meta:
        """Few; looked up by person."""

        verbose_name = "救助要請への対応"
        indexes = [models.Index(fields=["municipality", "world", "person"], name="call_answer")]


class DeathConfirmation(ScopedModel):
    """死亡の確認: proposed by one person, agreed to by another; only then a sighting says so.

    ``person`` as in `PersonState`. ``basis``: by what it is known (検案書, 警察 …). ``state``: proposed,
    agreed, refused, withdrawn, undone (`rules.DEATH_STEPS`). ``sighting`` is what the agreement wrote,
    ``undoing`` what took that back.
    """

    person = models.CharField("本人", max_length=24)
    basis = models.CharField("確認の根拠", max_length=12)
    place = models.CharField("場所", max_length=200, blank=True)
    note = models.CharField("備考", max_length=400, blank=True)
    occurred_at = models.DateTimeField("確認された日時")
    state = models.CharField("状態", max_length=12, default="proposed")
    proposed_by = models.CharField("提案した人", max_length=120)
    proposed_name = models.CharField("提案した人の氏名", max_length=120, blank=True)
    proposed_at = models.DateTimeField("提案日時")
    decided_by = models.CharField("決めた人", max_length=120, blank=True)
    decided_name = models.CharField("決めた人の氏名", max_length=120, blank=True)
    decided_at = models.DateTimeField("決めた日時", null=True)
    decided_note = models.CharField("決めた理由", max_length=400, blank=True)
    sighting = models.UUIDField("所在情報", null=True)
    undoing = models.UUIDField("取消の所在情報", null=True)

    class Meta:
        """Few; looked up by person."""

        verbose_name = "死亡の確認"
        indexes = [models.Index(fields=["municipality", "world", "person"], name="death_person")]


class PatrolSheet(ScopedModel):
    """見回り票: some homes of one town in walking order, for whoever goes from door to door.

    ``carrier``: the body that it is handed to; empty when the city's own people go. The paper is
    printed when asked for and kept nowhere.
    """

    town = models.ForeignKey(Town, on_delete=models.PROTECT, verbose_name="町字")
    number = models.IntegerField("番号")
    carrier = models.CharField("渡す相手", max_length=60, blank=True)
    walker = models.CharField("回る人", max_length=60, blank=True)
    made_at = models.DateTimeField("作成日時")
    made_by = models.CharField("作成した人", max_length=120)
    ended_at = models.DateTimeField("終了日時", null=True)
    ended_by = models.CharField("終了した人", max_length=120, blank=True)

    class Meta:
        """Numbered within its world, so that people can speak of it."""

        verbose_name = "見回り票"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "number"], name="patrol_sheet_number"
            )
        ]


class PatrolLine(ScopedModel):
    """見回り票の行: one person to be asked after; ``code`` is all that its QR says.

    ``sighting`` is what came back for it last (source ``patrol``), null while nothing did.
    """

    sheet = models.ForeignKey(PatrolSheet, on_delete=models.CASCADE, verbose_name="見回り票")
    place = models.IntegerField("順番")
    code = models.CharField("行番号", max_length=8)
    resident = models.ForeignKey(
        Resident, on_delete=models.PROTECT, db_index=False, verbose_name="住民"
    )
    sighting = models.UUIDField("所在情報", null=True)

    class Meta:
        """Found by its code."""

        verbose_name = "見回り票の行"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "code"], name="patrol_line_code"
            )
        ]


class DrillReport(TenantModel):
    """受付訓練の記録: the times of a drill or an operation, kept to be compared with later ones.

    ``world``: where they were measured; ``figures`` as `stopwatch.Times` has them.
    """

    name = models.CharField("名前", max_length=80)
    world = models.CharField("本番・訓練", max_length=8)
    day = models.DateField("実施日")
    figures = models.JSONField("数字", default=dict)
    kept_at = models.DateTimeField("保存日時")
    kept_by = models.CharField("保存した人", max_length=120)

    class Meta:
        """Few; an exercise that is cleared away leaves them standing."""

        verbose_name = "受付訓練の記録"


class Inquiry(ScopedModel):
    """安否確認: opened when people come into danger; open until everyone in it is accounted for."""

    opened_at = models.DateTimeField("開始日時")
    closed_at = models.DateTimeField("終了日時", null=True, blank=True)
    reason = models.CharField("きっかけ", max_length=200)

    class Meta:
        """At most one is open per world; new dangers add subjects to it."""

        verbose_name = "安否確認"


class InquirySubject(models.Model):
    """安否確認の対象者: one resident who was in danger, and since when he or she is accounted for.

    ``danger`` 0–100 and ``need`` 0–100 (set in `inquiries`) order the list of the unaccounted.
    """

    inquiry = models.ForeignKey(
        Inquiry, on_delete=models.CASCADE, db_index=False, verbose_name="安否確認"
    )
    resident = models.ForeignKey(Resident, on_delete=models.CASCADE, verbose_name="住民")
    town = models.ForeignKey(Town, on_delete=models.PROTECT, db_index=False, verbose_name="町字")
    zone = models.CharField("危険区域", max_length=8)
    danger = models.SmallIntegerField("危険")
    need = models.SmallIntegerField("支援の必要")
    added_at = models.DateTimeField("対象になった日時")
    accounted_at = models.DateTimeField("確認日時", null=True)

    class Meta:
        """Once per resident and inquiry; no index on what every scan changes (check_in: a fifth)."""

        verbose_name = "安否確認の対象者"
        constraints = [
            models.UniqueConstraint(fields=["inquiry", "resident"], name="inquiry_subject_once")
        ]
