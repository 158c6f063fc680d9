"""HazardMap (ハザード情報): the municipality's hazard layers and where their rasters lie."""

from django.db import models

from sonae.platform.scoped import TenantModel


class HazardMap(TenantModel):
    """ハザード情報: one layer (`engines.hazard.layer.HazardLayer`) saved in ``folder``.

    ``folder`` is relative to SONAE_HOME. Only layers with ``active`` count; the last good layer
    stays active when a later import fails.
    """

    name = models.CharField("レイヤ名", max_length=60)
    hazard = models.CharField("災害種別", max_length=16)
    kind = models.CharField("種類", max_length=10)
    scale = models.CharField("想定規模", max_length=4, blank=True)
    source = models.CharField("出典", max_length=200)
    source_date = models.CharField("作成日", max_length=10, blank=True)
    rivers = models.JSONField("対象河川", default=list)
    folder = models.CharField("保存先", max_length=200)
    loaded_at = models.DateTimeField("取込日時")
    active = models.BooleanField("使用中", default=True)

    class Meta:
        """Newest active layer per name is used."""

        verbose_name = "ハザード情報"
