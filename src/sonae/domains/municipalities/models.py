"""Municipality (市区町村), Town (町字)."""

from django.db import models

from sonae.platform.scoped import TenantModel


class Municipality(models.Model):
    """市区町村: the tenant.

    ``warning_areas`` maps area types of telegrams to the codes that concern the municipality, e.g.
    ``{"city": ["9920100"], "area": ["990010"], "prefecture": ["990000"], "river": ["992011000001"],
    "tsunami_area": []}``. A code that was changed has its days: ``{"code": "990011", "from":
    "2026-05-28"}``, ``{"code": "990010", "until": "2026-05-27"}``; a telegram is read by the codes
    of its own day.
    """

    code = models.CharField("団体コード", max_length=6, primary_key=True)
    name = models.CharField("名称", max_length=60)
    kana = models.CharField("カナ", max_length=120)
    name_en = models.CharField("英語名", max_length=120)
    prefecture = models.CharField("都道府県", max_length=20)
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")
    warning_areas = models.JSONField("対象となる予報区", default=dict)
    is_demo = models.BooleanField("デモ用", default=False)
    register_version = models.CharField("住民データの版", max_length=32, default="")
    settings = models.JSONField("設定", default=dict)

    class Meta:
        """The tenant table itself is not scoped."""

        verbose_name = "市区町村"


class Town(TenantModel):
    """町字: the unit in which orders are addressed and rosters are written."""

    code = models.CharField("町字コード", max_length=12)
    name = models.CharField("町字名", max_length=80)
    kana = models.CharField("カナ", max_length=160)
    district = models.CharField("地区", max_length=60, blank=True)
    latitude = models.FloatField("緯度")
    longitude = models.FloatField("経度")

    class Meta:
        """Codes are unique within the municipality."""

        verbose_name = "町字"
        constraints = [models.UniqueConstraint(fields=["municipality", "code"], name="town_code")]
