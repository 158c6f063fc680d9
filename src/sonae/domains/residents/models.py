"""Household (世帯), Resident (住民), what editions of the register changed, the roster and its plans."""

from typing import ClassVar, TypeVar

from django.db import models

from sonae.domains.municipalities.models import Town
from sonae.platform.scoped import TenantManager, TenantModel

M = TypeVar("M", bound=models.Model, covariant=True)


class PresentManager(TenantManager[M]):
    """Rows of the municipality in force that have not left."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Return the queryset narrowed to who lives here now."""
        return super().get_queryset().filter(left_on="")


class RegisterEdition(TenantModel):
    """住民情報の版: one file that was sent, what it says, what it changed.

    ``purpose``: register, registrants or plans. ``whole``: a full edition (else a daily difference).
    ``state``: mapping (a person must say which column is what) → reading → waiting → (agreed, when two
    must) → applying → in_force or failed; overtaken (by a newer file), discarded, refused, undone.
    ``agreed``: who has agreed as the first of two, with ``step`` "undo" to its undoing (`undoing`).
    ``stamp``: the register's version when the difference was made. ``summary``: counts, and until
    somebody has decided examples (`previews`).
    ``defect_counts``: all of them, ``defects`` the first by row.
    """

    purpose = models.CharField("用途", max_length=12, default="register")
    whole = models.BooleanField("全件", default=True)
    state = models.CharField("状態", max_length=10, default="mapping")
    file = models.CharField("ファイル", max_length=200)
    digest = models.CharField("SHA-256", max_length=64, blank=True)
    size = models.IntegerField("バイト数", default=0)
    encoding = models.CharField("文字コード", max_length=12, blank=True)
    as_of = models.CharField("何日現在か", max_length=10, blank=True)
    headings = models.JSONField("見出し", default=list)
    columns = models.JSONField("列の対応づけ", default=dict)
    rows = models.IntegerField("行数", default=0)
    summary = models.JSONField("変わるところ", default=dict)
    defect_counts = models.JSONField("欠陥の件数", default=dict)
    defects = models.JSONField("欠陥", default=list)
    problem = models.JSONField("読めなかったわけ", default=dict)
    stamp = models.CharField("比べた版", max_length=32, blank=True)
    version = models.CharField("反映後の版", max_length=32, blank=True)
    uploaded_at = models.DateTimeField("届いた日時")
    uploaded_by = models.CharField("送った人", max_length=120)
    agreed = models.JSONField("同意", default=list)
    decided_at = models.DateTimeField("決めた日時", null=True, blank=True)
    decided_by = models.CharField("決めた人", max_length=120, blank=True)

    class Meta:
        """Newest first is asked for most."""

        verbose_name = "住民情報の版"
        indexes = [models.Index(fields=["municipality", "uploaded_at"], name="edition_newest")]


class ColumnMapping(TenantModel):
    """列の対応づけ: which heading is which item, remembered for the next file with the same headings."""

    purpose = models.CharField("用途", max_length=12)
    signature = models.CharField("見出しの指紋", max_length=64)
    columns = models.JSONField("列の対応づけ", default=dict)
    changed_at = models.DateTimeField("直した日時")
    changed_by = models.CharField("直した人", max_length=120)

    class Meta:
        """One per kind of file."""

        verbose_name = "列の対応づけ"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "purpose", "signature"], name="mapping_of_headings"
            )
        ]


class Household(TenantModel):
    """世帯: people who live at one address.

    ``place``: how the position is known: ``home`` (the house itself), ``point`` (住居表示の点), ``town``
    (only the town's point stands for it) or ``none`` (the city's; the town could not be read).
    ``node`` is the walking-network node the home was snapped to, ``node_metres`` the distance to
    it; both are null until a network is loaded. ``floor`` is the lowest floor lived on (1 = ground),
    null when unknown. ``left_on``: since when nobody lives there (empty: somebody does).
    """

    number = models.CharField("世帯番号", max_length=15)
    town = models.ForeignKey(Town, on_delete=models.PROTECT, verbose_name="町字")
    address = models.CharField("住所", max_length=200)
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")
    place = models.CharField("位置の確かさ", max_length=5, default="home")
    storeys = models.SmallIntegerField("建物の階数", null=True, blank=True)
    floor = models.SmallIntegerField("居住階", null=True, blank=True)
    node = models.IntegerField("最寄り経路点", null=True, blank=True)
    node_metres = models.FloatField("経路点までの距離", null=True, blank=True)
    card_code = models.CharField("世帯カード番号", max_length=24, blank=True)
    left_on = models.CharField("住まなくなった日", max_length=10, blank=True, default="")

    objects: ClassVar[PresentManager["Household"]] = PresentManager()
    held: ClassVar[TenantManager["Household"]] = TenantManager()

    class Meta:
        """Numbers are unique within the municipality."""

        verbose_name = "世帯"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "number"], name="household_number")
        ]
        indexes = [models.Index(fields=["municipality", "card_code"], name="household_card")]

    @property
    def located(self) -> bool:
        """Whether the position is the house's own; else only its town is known, or nothing."""
        return self.place in ("home", "point")


class Resident(TenantModel):
    """住民: one person of the register; ``objects`` are those who live here, ``held`` all ever known.

    ``number`` is the register's own 宛名番号 (empty where a file has none); ``resident_id`` is the public,
    meaningless identifier used in QR codes and interfaces.
    ``kana`` is full-width katakana, family and given name separated by one space; ``kana_key`` is its
    search key, ``given_key`` that of the given name alone.
    ``birth_date`` is ISO text as far as known (``1960-04-01``, ``1960-04``, ``1960``); where the register
    writes it otherwise (不詳, 頃, 明治45年7月30日), ``birth_written`` keeps the words and ``birth_first``
    and ``birth_last`` the days that they can mean.
    ``shielded``: 支援措置対象者, never shown by any list, search, export or inquiry.
    ``left_on``: ISO date (``unknown`` when the file says none) since when the person is no resident.
    """

    number = models.CharField("宛名番号", max_length=15, blank=True, default="")
    resident_id = models.CharField("住民ID", max_length=24)
    household = models.ForeignKey(Household, on_delete=models.PROTECT, verbose_name="世帯")
    name = models.CharField("氏名", max_length=120)
    former_name = models.CharField("旧氏", max_length=120, blank=True, default="")
    kana = models.CharField("フリガナ", max_length=160)
    kana_key = models.CharField("検索用カナ", max_length=160)
    given_key = models.CharField("検索用の名のカナ", max_length=160, blank=True)
    name_key = models.CharField("検索用氏名", max_length=120)
    birth_date = models.CharField("生年月日", max_length=10, blank=True)
    birth_written = models.CharField("書かれた生年月日", max_length=60, blank=True, default="")
    birth_first = models.CharField("生年月日の初め", max_length=10, blank=True, default="")
    birth_last = models.CharField("生年月日の終わり", max_length=10, blank=True, default="")
    sex = models.CharField("性別", max_length=1, blank=True)
    relation = models.CharField("続柄", max_length=20, blank=True)
    phone = models.CharField("電話番号", max_length=20, blank=True)
    email = models.CharField("メールアドレス", max_length=120, blank=True)
    channel = models.CharField("希望する連絡手段", max_length=8, default="none")
    language = models.CharField("言語", max_length=12, default="ja")
    card_number = models.CharField("カード番号", max_length=24, blank=True)
    shielded = models.BooleanField("支援措置対象", default=False)
    left_on = models.CharField("住民でなくなった日", max_length=10, blank=True, default="")
    left_reason = models.CharField("住民でなくなった事由", max_length=20, blank=True, default="")
    added_in = models.ForeignKey(
        RegisterEdition, on_delete=models.PROTECT, null=True, blank=True, verbose_name="加わった版"
    )

    objects: ClassVar[PresentManager["Resident"]] = PresentManager()
    held: ClassVar[TenantManager["Resident"]] = TenantManager()

    class Meta:
        """Indexes for reception: by public id, card, kana prefix, name prefix, birth date."""

        verbose_name = "住民"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "resident_id"], name="resident_public_id"
            ),
            models.UniqueConstraint(
                fields=["municipality", "number"],
                condition=~models.Q(number=""),
                name="resident_number",
            ),
        ]
        indexes = [
            models.Index(fields=["municipality", "kana_key"], name="resident_kana"),
            models.Index(fields=["municipality", "given_key"], name="resident_given"),
            models.Index(fields=["municipality", "name_key"], name="resident_name"),
            models.Index(fields=["municipality", "birth_date"], name="resident_birth"),
            models.Index(fields=["municipality", "card_number"], name="resident_card"),
            models.Index(
                fields=["municipality", "birth_first"],
                condition=~models.Q(birth_first=""),
                name="resident_born_about",
            ),
        ]


class ResidentHistory(TenantModel):
    """住民の異動履歴: one item of a person or of a home, before and after, by which edition or person.

    Immutable. ``edition`` None: a person changed it on a page; an edition taken back has its rows twice. Items are columns of `Resident`
    (``household``: the number), of `Household` (``home.address`` …), of the roster (``registrant``: all of
    it) and of the plan (``plan``).
    """

    resident = models.ForeignKey(
        Resident, on_delete=models.CASCADE, null=True, blank=True, verbose_name="住民"
    )
    household = models.ForeignKey(
        Household, on_delete=models.CASCADE, null=True, blank=True, verbose_name="世帯"
    )
    edition = models.ForeignKey(
        RegisterEdition, on_delete=models.PROTECT, null=True, blank=True, verbose_name="版"
    )
    item = models.CharField("項目", max_length=24)
    before = models.JSONField("前", null=True)
    after = models.JSONField("後", null=True)
    at = models.DateTimeField("日時")
    by = models.CharField("した人", max_length=120)

    class Meta:
        """Read by person, by home and by edition."""

        verbose_name = "住民の異動履歴"


class ProtectionMeasure(TenantModel):
    """支援措置 (住民基本台帳事務処理要領 第5の10): a shield against somebody, with begin and end.

    ``provisional``: 仮支援措置, before the decision. ``together``: 併せて支援を求める者. ``ended_at``: when a
    person ended it; the day ``until`` alone ends nothing, because an application for longer may be on its
    way and what was shown cannot be taken back.
    """

    resident = models.ForeignKey(Resident, on_delete=models.CASCADE, verbose_name="住民")
    begun_on = models.CharField("開始日", max_length=10, blank=True)
    until = models.CharField("終了日", max_length=10, blank=True)
    provisional = models.BooleanField("仮支援措置", default=False)
    together = models.BooleanField("併せて支援を求める者", default=False)
    note = models.CharField("備考", max_length=200, blank=True)
    made_at = models.DateTimeField("登録日時")
    made_by = models.CharField("登録した人", max_length=120)
    ended_at = models.DateTimeField("解除日時", null=True, blank=True)
    ended_by = models.CharField("解除した人", max_length=120, blank=True)

    class Meta:
        """Several may follow one another."""

        verbose_name = "支援措置"


class LostCode(TenantModel):
    """紛失したQR: codes of one person (P) or household (H) that end up to ``until`` are void.

    A code does not say when it was made, only when it ends; what is made after the report ends later
    than ``until`` and counts (`qr.LONGEST`).
    """

    kind = models.CharField("種類", max_length=1)
    identifier = models.CharField("本人または世帯カードの番号", max_length=24)
    until = models.DateTimeField("この期限までのQRが無効")
    reported_at = models.DateTimeField("届出日時")
    reported_by = models.CharField("受け付けた人", max_length=120)

    class Meta:
        """One per person or household: a later report only moves the day."""

        verbose_name = "紛失したQR"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "kind", "identifier"], name="lost_code_once"
            )
        ]


class AddressPoint(TenantModel):
    """住所の点: where an address lies, from the city's own list (住居表示)."""

    town = models.ForeignKey(Town, on_delete=models.CASCADE, verbose_name="町字")
    address = models.CharField("番地以下", max_length=80)
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")

    class Meta:
        """One point per address."""

        verbose_name = "住所の点"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "town", "address"], name="address_point"
            )
        ]


class AssistanceRegistrant(TenantModel):
    """避難行動要支援者 (災害対策基本法 第49条の10): who cannot evacuate without help, and why.

    Name, birth date, sex and address are the resident's; ``dwelling`` is where the person really stays
    when that differs (住所又は居所), ``contact`` 電話番号その他の連絡先 beyond the resident's phone.
    Whether the list may be handed on is the consent domain's (`ConsentGrant`, by phase).
    """

    resident = models.OneToOneField(Resident, on_delete=models.CASCADE, verbose_name="住民")
    reason = models.CharField("支援を必要とする事由", max_length=60)
    care_level = models.CharField("要介護・障害等級", max_length=30, blank=True)
    wheelchair = models.BooleanField("車いす", default=False)
    dwelling = models.CharField("居所", max_length=200, blank=True, default="")
    contact = models.CharField("連絡先", max_length=120, blank=True, default="")
    note = models.CharField("特記事項", max_length=400, blank=True, default="")

    class Meta:
        """One entry per resident."""

        verbose_name = "避難行動要支援者"


class EvacuationPlan(TenantModel):
    """個別避難計画 (災害対策基本法 第49条の14): where one registrant goes, by which way, with whose help."""

    registrant = models.OneToOneField(
        AssistanceRegistrant, on_delete=models.CASCADE, verbose_name="避難行動要支援者"
    )
    destination = models.CharField("避難施設その他の避難場所", max_length=120, blank=True)
    route = models.CharField("避難路その他の避難経路", max_length=400, blank=True)
    measures = models.CharField("避難支援の方法", max_length=400, blank=True)
    made_on = models.CharField("作成日", max_length=10, blank=True)
    changed_at = models.DateTimeField("直した日時")
    changed_by = models.CharField("直した人", max_length=120)

    class Meta:
        """One plan per registrant."""

        verbose_name = "個別避難計画"


class Supporter(TenantModel):
    """避難支援等実施者 (災害対策基本法 第49条の14第3項第1号): who helps, in the plan's order."""

    plan = models.ForeignKey(EvacuationPlan, on_delete=models.CASCADE, verbose_name="計画")
    order = models.SmallIntegerField("順", default=1)
    name = models.CharField("氏名又は名称", max_length=120)
    address = models.CharField("住所又は居所", max_length=200, blank=True)
    phone = models.CharField("電話番号その他の連絡先", max_length=60, blank=True)
    relation = models.CharField("本人との関係", max_length=40, blank=True)
    agreed = models.BooleanField("引き受けの同意", default=False)

    class Meta:
        """One per place in the plan's order."""

        verbose_name = "避難支援等実施者"
        constraints = [models.UniqueConstraint(fields=["plan", "order"], name="supporter_order")]


class Position(TenantModel):
    """位置: the last position a resident agreed to share, with its time and accuracy in metres."""

    resident = models.OneToOneField(Resident, on_delete=models.CASCADE, verbose_name="住民")
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")
    accuracy_m = models.FloatField("誤差（m）", null=True, blank=True)
    at = models.DateTimeField("測位日時")

    class Meta:
        """Only the newest position is kept."""

        verbose_name = "位置"
