"""安否照会 and its answers, names for publication, other cities, PFIF: what crosses the city's border."""

from django.db import models

from sonae.domains.residents.models import Resident
from sonae.domains.safety.models import Visitor
from sonae.platform.scoped import ScopedModel, TenantModel


class SafetyRequest(ScopedModel):
    """安否照会 (災害対策基本法 第86条の15): somebody asks how a person is.

    ``asker`` is one of `consent.INQUIRERS`. ``identity`` is the kind of document seen, never its
    number. ``resident`` or ``visitor`` is who a clerk found to be meant; neither where nobody was
    found. ``key_hash``: of the secret by which who asked online reads the answer.
    """

    number = models.IntegerField("受付番号")
    key_hash = models.CharField("SHA-256", max_length=64, blank=True)
    channel = models.CharField("受付の方法", max_length=8)
    asker = models.CharField("照会者の区分", max_length=16)
    asker_name = models.CharField("照会者の氏名", max_length=120)
    asker_body = models.CharField("照会者の団体", max_length=120, blank=True)
    asker_address = models.CharField("照会者の住所", max_length=200, blank=True)
    asker_contact = models.CharField("照会者の連絡先", max_length=120, blank=True)
    relation = models.CharField("続柄・関係", max_length=60, blank=True)
    reason = models.CharField("照会の理由", max_length=400)
    name = models.CharField("たずねる人の氏名", max_length=120)
    kana = models.CharField("たずねる人のフリガナ", max_length=160, blank=True)
    birth_date = models.CharField("たずねる人の生年月日", max_length=40, blank=True)
    sex = models.CharField("たずねる人の性別", max_length=1, blank=True)
    address = models.CharField("たずねる人の住所", max_length=200, blank=True)
    note = models.CharField("手がかり", max_length=400, blank=True)
    identity = models.CharField("本人確認の方法", max_length=16, blank=True)
    identity_by = models.CharField("本人確認をした人", max_length=120, blank=True)
    identity_at = models.DateTimeField("本人確認の日時", null=True)
    resident = models.ForeignKey(
        Resident, null=True, on_delete=models.PROTECT, db_index=False, verbose_name="住民"
    )
    visitor = models.ForeignKey(
        Visitor, null=True, on_delete=models.PROTECT, db_index=False, verbose_name="来訪者"
    )
    state = models.CharField("状態", max_length=10, default="received")
    received_at = models.DateTimeField("受付日時")
    received_by = models.CharField("受け付けた人", max_length=120)

    class Meta:
        """Numbered in the order of arrival; listed by state."""

        verbose_name = "安否照会"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "number"], name="request_number"
            )
        ]
        indexes = [
            models.Index(fields=["municipality", "world", "state"], name="request_state"),
            models.Index(fields=["key_hash"], condition=~models.Q(key_hash=""), name="request_key"),
        ]


class SafetyAnswer(ScopedModel):
    """安否照会の回答: drafted by one person, decided by another, then given; older drafts are kept.

    ``facts`` is what is told (kind → value, with ``as_of``), empty when nothing can be told.
    """

    request = models.ForeignKey(SafetyRequest, on_delete=models.CASCADE, verbose_name="安否照会")
    facts = models.JSONField("回答の内容", default=dict)
    rule = models.CharField("根拠", max_length=60, blank=True)
    ground = models.CharField("根拠の規定", max_length=200, blank=True)
    drafted_by = models.CharField("起案者", max_length=120)
    drafted_at = models.DateTimeField("起案日時")
    decided_by = models.CharField("決裁者", max_length=120, blank=True)
    decided_at = models.DateTimeField("決裁日時", null=True)
    returned_why = models.CharField("差し戻しの理由", max_length=200, blank=True)
    given_by = models.CharField("回答した人", max_length=120, blank=True)
    given_at = models.DateTimeField("回答日時", null=True)
    how = models.CharField("回答の方法", max_length=8, blank=True)

    class Meta:
        """The last one of a request counts."""

        verbose_name = "安否照会の回答"


class NamePublication(ScopedModel):
    """氏名の公表: names of people whose safety is unknown, for the prefecture to publish.

    Drafted, checked against the newest list of 支援措置, approved by two people who did not draft it.
    ``policy``: the key of the rule it follows (`policies.toml`).
    """

    title = models.CharField("件名", max_length=120)
    policy = models.CharField("公表の基準", max_length=20)
    state = models.CharField("状態", max_length=10, default="draft")
    drafted_by = models.CharField("起案者", max_length=120)
    drafted_at = models.DateTimeField("起案日時")
    checked_by = models.CharField("支援措置を照合した人", max_length=120, blank=True)
    checked_at = models.DateTimeField("支援措置を照合した日時", null=True)
    approved_by = models.CharField("決裁者", max_length=120, blank=True)
    approved_at = models.DateTimeField("決裁日時", null=True)
    confirmed_by = models.CharField("2人目の決裁者", max_length=120, blank=True)
    confirmed_at = models.DateTimeField("2人目の決裁日時", null=True)
    handed_at = models.DateTimeField("県へ渡した日時", null=True)
    ended_by = models.CharField("終えた人", max_length=120, blank=True)
    ended_at = models.DateTimeField("終えた日時", null=True)

    class Meta:
        """Few."""

        verbose_name = "氏名の公表"


class PublishedName(ScopedModel):
    """公表する氏名: one person of a publication; taken out at once when found or when told to."""

    publication = models.ForeignKey(
        NamePublication, on_delete=models.CASCADE, verbose_name="氏名の公表"
    )
    resident = models.ForeignKey(
        Resident, on_delete=models.PROTECT, db_index=False, verbose_name="住民"
    )
    kind = models.CharField("区分", max_length=12, default="unaccounted")
    kin_consent = models.CharField("家族の同意", max_length=200, blank=True)
    added_by = models.CharField("あとから加えた人", max_length=120, blank=True)
    withdrawn_at = models.DateTimeField("取下げ日時", null=True)
    withdrawn_by = models.CharField("取り下げた人", max_length=120, blank=True)
    withdrawn_why = models.CharField("取下げの理由", max_length=200, blank=True)

    class Meta:
        """Once per person and publication."""

        verbose_name = "公表する氏名"
        constraints = [
            models.UniqueConstraint(fields=["publication", "resident"], name="name_once")
        ]


class ExchangePartner(TenantModel):
    """提供先団体: another city that may read about its own people, by law and until a day.

    ``code``: its 全国地方公共団体コード. ``kinds``: what it may get at most. Only the hash of its key is
    kept. It ends by itself at ``ends_at``.
    """

    code = models.CharField("団体コード（提供先）", max_length=6)
    name = models.CharField("名称", max_length=60)
    prefecture = models.CharField("都道府県", max_length=20)
    legal_basis = models.CharField("法的な根拠", max_length=200)
    kinds = models.JSONField("情報の種類", default=list)
    token_hash = models.CharField("SHA-256", max_length=64, unique=True)
    starts_at = models.DateTimeField("開始日時")
    ends_at = models.DateTimeField("期限")
    enrolled_by = models.CharField("登録者", max_length=120)
    ended_by = models.CharField("止めた人", max_length=120, blank=True)
    ended_at = models.DateTimeField("止めた日時", null=True)
    used_at = models.DateTimeField("最終使用", null=True)

    class Meta:
        """Few; found by the hash of the key."""

        verbose_name = "提供先団体"


class ExchangeDisclosure(ScopedModel):
    """提供記録: what one other city was told about one person, each time."""

    partner = models.ForeignKey(
        ExchangePartner, on_delete=models.PROTECT, verbose_name="提供先団体"
    )
    visitor = models.ForeignKey(Visitor, on_delete=models.PROTECT, verbose_name="来訪者")
    at = models.DateTimeField("日時")
    fields = models.JSONField("項目", default=list)
    rule = models.CharField("根拠", max_length=60)
    trace = models.JSONField("判断の経過", default=list)

    class Meta:
        """Read by partner and by person."""

        verbose_name = "提供記録"


class PfifEdition(ScopedModel):
    """PFIFの取込: one file, first a draft, then taken over whole or not at all.

    ``content`` is kept only while it waits. ``defects``: the first of them, as the report shows them;
    ``counts``: records by what they are and what becomes of them.
    """

    name = models.CharField("ファイル名", max_length=200)
    digest = models.CharField("ハッシュ", max_length=64)
    content = models.BinaryField("中身", null=True)
    source = models.CharField("情報源", max_length=16)
    domains = models.JSONField("認める発行元", default=list)
    photos = models.BooleanField("写真のアドレスも残す", default=False)
    state = models.CharField("状態", max_length=10, default="waiting")
    counts = models.JSONField("件数", default=dict)
    defects = models.JSONField("欠陥", default=list)
    uploaded_by = models.CharField("受付者", max_length=120)
    uploaded_at = models.DateTimeField("受付日時")
    decided_by = models.CharField("決定者", max_length=120, blank=True)
    decided_at = models.DateTimeField("決定日時", null=True)

    class Meta:
        """Newest first."""

        verbose_name = "PFIFの取込"


class PfifRecord(ScopedModel):
    """PFIF記録: the newest version of one person or note from outside; a tombstone has no data.

    ``sighting``: what the note became in the ledger.
    """

    kind = models.CharField("種類", max_length=6)
    record_id = models.CharField("記録ID", max_length=250)
    person_id = models.CharField("人の記録ID", max_length=250)
    source_date = models.DateTimeField("書かれた日時")
    expires_at = models.DateTimeField("期限", null=True)
    tombstone = models.BooleanField("期限切れ", default=False)
    data = models.JSONField("項目", default=dict)
    sighting = models.UUIDField("所在情報", null=True)
    edition = models.ForeignKey(
        PfifEdition, on_delete=models.PROTECT, db_index=False, verbose_name="PFIFの取込"
    )

    class Meta:
        """One row per record id; notes are read by person, expiry by date."""

        verbose_name = "PFIF記録"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "kind", "record_id"], name="pfif_record_once"
            )
        ]
        indexes = [
            models.Index(fields=["municipality", "world", "person_id"], name="pfif_person"),
            models.Index(
                fields=["municipality", "world", "expires_at"],
                condition=models.Q(tombstone=False, expires_at__isnull=False),
                name="pfif_expires",
            ),
        ]
