"""EdgeNode (中継機), EdgeParcel (預かり記録): used on the laptop of a gym, empty on the city's server."""

from django.db import models


class EdgeNode(models.Model):
    """中継機: the one row of what this machine is, as the city told when it was last heard.

    ``token`` and ``devices`` (terminal → name and shared key) are sealed at rest; ``lists``: world → the
    city's signed list of people, sealed, and when it ends (seconds since 1970). ``instance`` is new
    with every new data folder, so that a terminal sees that this node has forgotten. ``problem``: why the
    city was not reached at the last try. ``own_address``: where terminals reach this machine.
    """

    code = models.CharField("端末番号", max_length=24)
    name = models.CharField("名称", max_length=60)
    shelter = models.CharField("施設ID", max_length=60)
    shelter_name = models.CharField("避難所", max_length=200)
    city_name = models.CharField("市区町村", max_length=60)
    address = models.CharField("市のサーバー", max_length=200)
    own_address = models.CharField("端末から見たアドレス", max_length=200, blank=True)
    token = models.TextField("トークン")
    devices = models.TextField("受付端末")
    lists = models.JSONField("地区名簿", default=dict)
    instance = models.CharField("識別", max_length=32)
    heard_at = models.DateTimeField("最終通信")
    problem = models.CharField("つながらない理由", max_length=300, blank=True)

    class Meta:
        """One row."""

        verbose_name = "中継機"


class EdgeParcel(models.Model):
    """預かり記録: one record of a terminal, kept until the city has acknowledged it, and after.

    ``sealed`` (``iv``, ``data``) is for the city alone; ``clear`` is the same event for the other terminals
    of the gym, sealed at rest, empty for a look. ``receipt``: the city's answer, for the terminal alone;
    null while there is none. ``problem``: the city could not open it (``forged``, ``not_found``).
    """

    world = models.CharField("本番・訓練", max_length=8)
    terminal = models.CharField("端末番号", max_length=24)
    key = models.UUIDField("記録のID")
    sealed = models.JSONField("封をした記録")
    clear = models.TextField("内容", blank=True)
    held_at = models.DateTimeField("預かった日時")
    receipt = models.JSONField("市の受領", null=True)
    problem = models.CharField("届けられない理由", max_length=40, blank=True)

    class Meta:
        """Once for each terminal; the unsent are found by the first index."""

        verbose_name = "預かり記録"
        constraints = [
            models.UniqueConstraint(fields=["world", "terminal", "key"], name="edge_parcel_once")
        ]
        indexes = [
            models.Index(
                fields=["id"],
                condition=models.Q(receipt__isnull=True, problem=""),
                name="edge_parcel_unsent",
            )
        ]
