"""Household (世帯), Resident (住民), AssistanceRegistrant (避難行動要支援者), Position (位置)."""

from django.db import models

from sonae.domains.municipalities.models import Town
from sonae.platform.scoped import TenantModel


class Household(TenantModel):
    """世帯: people who live at one address.

    ``node`` is the walking-network node the home was snapped to, ``node_metres`` the distance to
    it; both are null until a network is loaded. ``floor`` is the lowest floor lived on (1 = ground),
    null when unknown.
    """

    number = models.CharField("世帯番号", max_length=15)
    town = models.ForeignKey(Town, on_delete=models.PROTECT, verbose_name="町字")
    address = models.CharField("住所", max_length=200)
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")
    storeys = models.SmallIntegerField("建物の階数", null=True, blank=True)
    floor = models.SmallIntegerField("居住階", null=True, blank=True)
    node = models.IntegerField("最寄り経路点", null=True, blank=True)
    node_metres = models.FloatField("経路点までの距離", null=True, blank=True)
    card_code = models.CharField("世帯カード番号", max_length=24, blank=True)

    class Meta:
        """Numbers are unique within the municipality."""

        verbose_name = "世帯"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "number"], name="household_number")
        ]
        indexes = [models.Index(fields=["municipality", "card_code"], name="household_card")]


class Resident(TenantModel):
    """住民: one person of the register.

    ``resident_id`` is the public, meaningless identifier used in QR codes and interfaces.
    ``kana`` is full-width katakana, family and given name separated by one space; ``kana_key`` is its
    search key, ``given_key`` that of the given name alone.
    ``birth_date`` is ISO text as far as known (``1960-04-01``, ``1960-04``, ``1960``).
    ``shielded``: 支援措置対象者, never shown by any list, search, export or inquiry.
    """

    resident_id = models.CharField("住民ID", max_length=24)
    household = models.ForeignKey(Household, on_delete=models.PROTECT, verbose_name="世帯")
    name = models.CharField("氏名", max_length=120)
    kana = models.CharField("フリガナ", max_length=160)
    kana_key = models.CharField("検索用カナ", max_length=160)
    given_key = models.CharField("検索用の名のカナ", max_length=160, blank=True)
    name_key = models.CharField("検索用氏名", max_length=120)
    birth_date = models.CharField("生年月日", max_length=10, blank=True)
    sex = models.CharField("性別", max_length=1, blank=True)
    relation = models.CharField("続柄", max_length=20, blank=True)
    phone = models.CharField("電話番号", max_length=20, blank=True)
    email = models.CharField("メールアドレス", max_length=120, blank=True)
    channel = models.CharField("希望する連絡手段", max_length=8, default="none")
    language = models.CharField("言語", max_length=12, default="ja")
    card_number = models.CharField("カード番号", max_length=24, blank=True)
    shielded = models.BooleanField("支援措置対象", default=False)

    class Meta:
        """Indexes for reception: by public id, card, kana prefix, name prefix, birth date."""

        verbose_name = "住民"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "resident_id"], name="resident_public_id"
            )
        ]
        indexes = [
            models.Index(fields=["municipality", "kana_key"], name="resident_kana"),
            models.Index(fields=["municipality", "given_key"], name="resident_given"),
            models.Index(fields=["municipality", "name_key"], name="resident_name"),
            models.Index(fields=["municipality", "birth_date"], name="resident_birth"),
            models.Index(fields=["municipality", "card_number"], name="resident_card"),
        ]


class AssistanceRegistrant(TenantModel):
    """避難行動要支援者 (災害対策基本法 第49条の10): who cannot evacuate without help, and why."""

    resident = models.OneToOneField(Resident, on_delete=models.CASCADE, verbose_name="住民")
    reason = models.CharField("支援を必要とする事由", max_length=60)
    care_level = models.CharField("要介護・障害等級", max_length=30, blank=True)
    wheelchair = models.BooleanField("車いす", default=False)
    supporters = models.JSONField("避難支援等関係者", default=list)
    peacetime_consent = models.BooleanField("平時の名簿提供への同意", default=False)

    class Meta:
        """One entry per resident."""

        verbose_name = "避難行動要支援者"


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
