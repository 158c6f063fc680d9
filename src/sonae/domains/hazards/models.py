"""HazardMap (ハザード情報): layers and where their rasters lie; Obstacle (道路と浸水の状況): what is now."""

from django.db import models

from sonae.platform.scoped import ScopedModel, TenantModel


class HazardMap(TenantModel):
    """ハザード情報: one layer (`engines.hazard.layer.HazardLayer`) saved in ``folder``.

    ``folder`` is relative to SONAE_HOME. Only layers in state ``active`` count; a ``draft`` waits for
    a person, and the last good layer stays active when an import fails or is thrown away.
    ``extent``: who says where was surveyed: ``source`` (the data itself) or ``city`` (staff: all of
    the raster). ``homes``: households inside, outside, unknown; ``change``: "from>to" → households
    by all layers of the hazard, against those in use; ``defects``: what was wrong with the data.
    """

    name = models.CharField("レイヤ名", max_length=60)
    hazard = models.CharField("災害種別", max_length=16)
    kind = models.CharField("種類", max_length=10)
    scale = models.CharField("想定規模", max_length=8, blank=True)
    source = models.CharField("出典", max_length=200)
    source_date = models.CharField("作成日", max_length=10, blank=True)
    rivers = models.JSONField("対象河川", default=list)
    folder = models.CharField("保存先", max_length=200)
    loaded_at = models.DateTimeField("取込日時")
    loaded_by = models.CharField("取込者", max_length=120, blank=True)
    state = models.CharField("状態", max_length=10, default="active")
    decided_at = models.DateTimeField("確定日時", null=True)
    decided_by = models.CharField("確定者", max_length=120, blank=True)
    replaces = models.ForeignKey(
        "self", null=True, on_delete=models.SET_NULL, verbose_name="置き換えるレイヤ"
    )
    file_name = models.CharField("元のファイル", max_length=200, blank=True)
    extent = models.CharField("調査範囲の根拠", max_length=8, default="source")
    cell_m = models.FloatField("格子の幅", default=0)
    homes = models.JSONField("区域別の世帯数", default=dict)
    change = models.JSONField("置換による変化", default=dict)
    defects = models.JSONField("欠陥", default=list)

    class Meta:
        """At most one layer of a name is in use."""

        verbose_name = "ハザード情報"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "name"],
                condition=models.Q(state="active"),
                name="hazard_map_active",
            )
        ]


class Obstacle(ScopedModel):
    """道路と浸水の状況: what somebody saw or ordered, until ``valid_until`` or until it is withdrawn.

    ``kind``: ``closed`` (通行止め, 道路法 第46条), ``collapsed`` (崩壊地点) or ``flooded`` (観測された浸水, of
    ``hazard``, ``depth_m`` deep where known). ``shape``: a GeoJSON geometry. ``key`` is made by the
    client: the same report twice is one row.
    """

    key = models.CharField("報告の識別子", max_length=80)
    kind = models.CharField("種類", max_length=10)
    shape = models.JSONField("場所")
    hazard = models.CharField("災害種別", max_length=16, blank=True)
    depth_m = models.FloatField("水深", null=True)
    note = models.CharField("内容", max_length=200, blank=True)
    source = models.CharField("情報源", max_length=120)
    observed_at = models.DateTimeField("確認日時")
    valid_until = models.DateTimeField("有効期限")
    recorded_at = models.DateTimeField("記録日時")
    recorded_by = models.CharField("記録者", max_length=120)
    withdrawn_at = models.DateTimeField("取消日時", null=True)
    withdrawn_by = models.CharField("取消者", max_length=120, blank=True)
    known = False
    """Whether the report was there before it was reported (`obstacles.report_obstacles`); not stored."""

    class Meta:
        """One row per report of a client."""

        verbose_name = "道路と浸水の状況"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "key"], name="obstacle_reported_once"
            )
        ]
