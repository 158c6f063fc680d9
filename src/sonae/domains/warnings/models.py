"""Telegram (電文), WarningInForce (発表中の警報), WarningEnd (人による終了), WarningInput (受信経路),
ResponseRule (対応ルール) and RuleFiring (ルールの作動)."""

from django.db import models

from sonae.platform.scoped import ScopedModel, TenantModel


class Telegram(ScopedModel):
    """電文: one thing received from outside, with its raw bytes; how long, `retention` says.

    ``state`` is ``read`` (normal form in ``content``), ``unknown`` (well-formed, type not understood),
    ``bundle`` (only holds other telegrams, each stored on its own) or ``refused`` (with ``error`` and
    ``detail``). What is ``unknown`` or ``refused`` waits for a person until ``seen_at``. ``ours`` is
    ``content`` with the municipality's areas only: what is in force is made from it. ``signature`` of a
    CAP message is valid, invalid or unsigned; a message that is not to be believed for it is refused,
    with ``content`` for people to read and without ``ours``.
    """

    READ, UNKNOWN, BUNDLE, REFUSED = "read", "unknown", "bundle", "refused"

    sha256 = models.CharField("SHA-256", max_length=64)
    raw = models.BinaryField("受信した原文")
    received_at = models.DateTimeField("受信日時")
    via = models.CharField("受信経路", max_length=40)
    state = models.CharField("状態", max_length=8)
    error = models.CharField("エラー", max_length=40, blank=True)
    detail = models.TextField("エラーの詳細", blank=True)
    source = models.CharField("発信元の種別", max_length=10, blank=True)
    telegram_type = models.CharField("電文種別", max_length=20, blank=True)
    title = models.CharField("標題", max_length=200, blank=True)
    office = models.CharField("発表機関", max_length=200, blank=True)
    headline = models.TextField("見出し", blank=True)
    status = models.CharField("運用種別", max_length=8, blank=True)
    action = models.CharField("発表形態", max_length=8, blank=True)
    series = models.CharField("系列", max_length=300, blank=True)
    issued_at = models.DateTimeField("発表日時", null=True, blank=True)
    sent_at = models.DateTimeField("送信日時", null=True, blank=True)
    severity = models.CharField("最も重い警報", max_length=12, blank=True)
    concerns_us = models.BooleanField("当市に関係", default=False)
    holds = models.BooleanField("解除まで続く内容", default=False)
    content = models.JSONField("標準形", null=True, blank=True)
    ours = models.JSONField("標準形（当市の分）", null=True, blank=True)
    signature = models.CharField("署名", max_length=8, blank=True)
    seen_at = models.DateTimeField("確認日時", null=True, blank=True)
    seen_by = models.CharField("確認者", max_length=120, blank=True)
    confirmed = models.PositiveIntegerField("同じ内容の電文", default=0)
    confirmed_until = models.DateTimeField("同じ内容の最後の受信", null=True, blank=True)

    class Meta:
        """The same bytes are stored once in a world: a rehearsal must not hide the real one."""

        verbose_name = "電文"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "sha256"], name="telegram_once"
            )
        ]
        indexes = [
            models.Index(fields=["municipality", "world", "received_at"], name="telegram_received"),
            models.Index(
                fields=["municipality", "world", "series", "sent_at"], name="telegram_series"
            ),
        ]


class WarningInForce(ScopedModel):
    """発表中の警報: area × phenomenon, recomputed from the series whenever a telegram arrives.

    ``since`` is when this kind began here, ``until`` when it ends by itself (null: until lifted).
    ``polygon``: rings of [longitude, latitude] where the telegram draws the area.
    """

    telegram = models.ForeignKey(Telegram, on_delete=models.PROTECT, verbose_name="電文")
    area_code = models.CharField("区域コード", max_length=120)
    area_name = models.CharField("区域名", max_length=500)
    area_type = models.CharField("区域の種別", max_length=16)
    phenomenon = models.CharField("現象", max_length=24)
    kind = models.CharField("種類", max_length=200)
    kind_code = models.CharField("種類コード", max_length=40, blank=True)
    condition = models.CharField("付記", max_length=200, blank=True)
    level = models.SmallIntegerField("警戒レベル相当", null=True, blank=True)
    severity = models.CharField("重大さ", max_length=12)
    since = models.DateTimeField("発表日時")
    until = models.DateTimeField("期限", null=True, blank=True)
    forecast = models.JSONField("今後の見込み", default=list)
    polygon = models.JSONField("描かれた区域", default=list)

    class Meta:
        """One row per area and phenomenon in a world."""

        verbose_name = "発表中の警報"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "area_code", "phenomenon", "kind"],
                name="warning_in_force",
            )
        ]


class WarningEnd(ScopedModel):
    """人による終了: an operator ended what no telegram ended (a missile that fell, a feed that broke).

    An event of our own beside the series, never a change of a telegram. It counts until it is undone
    or any later telegram of the series arrives: what the sender says is what holds.
    """

    telegram = models.ForeignKey(Telegram, on_delete=models.PROTECT, verbose_name="電文")
    series = models.CharField("系列", max_length=300)
    area_code = models.CharField("区域コード", max_length=120)
    area_name = models.CharField("区域名", max_length=500)
    phenomenon = models.CharField("現象", max_length=24)
    kind = models.CharField("種類", max_length=200)
    reason = models.TextField("理由")
    ended_by = models.CharField("終わらせた人", max_length=120)
    ended_at = models.DateTimeField("終わらせた日時")
    undone_by = models.CharField("取り消した人", max_length=120, blank=True)
    undone_at = models.DateTimeField("取り消した日時", null=True)

    class Meta:
        """Few; looked up by time."""

        verbose_name = "人による終了"
        indexes = [
            models.Index(fields=["municipality", "world", "ended_at"], name="warning_end_at")
        ]


class WarningInput(TenantModel):
    """受信経路: one line on which warnings arrive, and how it is doing.

    ``kind`` names the gateway (jma-feed, jma-socket, jalert-csv …), ``options`` its settings,
    ``sealed`` its secrets (`platform.sealing`, JSON). ``progress`` is what the gateway must remember
    over a restart (ETags, last file). ``heard_at`` is the last sign of life of the counterpart,
    ``received_at`` the last document. ``silent_after`` seconds without a sign of life are an alarm.
    """

    NEW, RUNNING, FAILED, STOPPED = "new", "running", "failed", "stopped"

    name = models.CharField("名称", max_length=40)
    kind = models.CharField("種類", max_length=24)
    options = models.JSONField("設定", default=dict)
    sealed = models.TextField("秘密の設定", blank=True)
    enabled = models.BooleanField("使用", default=True)
    silent_after = models.PositiveIntegerField("沈黙とみなす秒数")
    state = models.CharField("状態", max_length=8, default=NEW)
    started_at = models.DateTimeField("開始日時", null=True, blank=True)
    heard_at = models.DateTimeField("最終応答", null=True, blank=True)
    received_at = models.DateTimeField("最終受信", null=True, blank=True)
    received = models.PositiveIntegerField("受信数", default=0)
    restarts = models.PositiveIntegerField("再起動の回数", default=0)
    error = models.TextField("最後のエラー", blank=True)
    error_at = models.DateTimeField("最後のエラーの日時", null=True, blank=True)
    progress = models.JSONField("引き継ぎ", default=dict)
    alarmed_at = models.DateTimeField("沈黙を知らせた日時", null=True, blank=True)

    class Meta:
        """Names are unique within the municipality; they are the ``via`` of its telegrams."""

        verbose_name = "受信経路"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "name"], name="warning_input_name")
        ]


class ResponseRule(TenantModel):
    """対応ルール: what a warning does here, where the city decided otherwise than the defaults.

    A row with the ``code`` of a default takes its place; another code is the city's own rule. The
    order of decision is ``position``. See `domains.warnings.response`.
    """

    code = models.CharField("符号", max_length=40)
    position = models.FloatField("順番")
    name = models.CharField("名称", max_length=60)
    phenomena = models.JSONField("現象", default=list)
    least = models.CharField("重大さ（以上）", max_length=12)
    actions = models.JSONField("することがら", default=list)
    trigger = models.CharField("きっかけ", max_length=10, default="raised")
    enabled = models.BooleanField("使用", default=True)
    changed_by = models.CharField("変更者", max_length=120)
    changed_at = models.DateTimeField("変更日時")

    class Meta:
        """One row per rule of a municipality."""

        verbose_name = "対応ルール"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "code"], name="response_rule_once")
        ]


class RuleFiring(ScopedModel):
    """ルールの作動: one rule decided what one telegram's change of one phenomenon does here.

    ``rule`` is the rule as it stood then (code, name, actions …); ``actions`` what was done of it,
    ``held_back`` why the rest was not. ``areas`` are names. With the action ``alarm`` it is
    ``calling`` until a person has seen it.
    """

    telegram = models.ForeignKey(Telegram, on_delete=models.PROTECT, verbose_name="電文")
    at = models.DateTimeField("日時")
    rule = models.JSONField("ルール")
    trigger = models.CharField("きっかけ", max_length=10)
    phenomenon = models.CharField("現象", max_length=24)
    kind = models.CharField("種類", max_length=200)
    level = models.SmallIntegerField("警戒レベル相当", null=True)
    severity = models.CharField("重大さ", max_length=12)
    areas = models.JSONField("区域", default=list)
    actions = models.JSONField("したこと", default=list)
    held_back = models.TextField("しなかった理由", blank=True)
    calling = models.BooleanField("呼び出し中", default=False)
    seen_at = models.DateTimeField("確認日時", null=True)
    seen_by = models.CharField("確認者", max_length=120, blank=True)

    class Meta:
        """Listed newest first; those that call are looked up on every staff page."""

        verbose_name = "ルールの作動"
        indexes = [
            models.Index(fields=["municipality", "world", "at"], name="rule_firing_at"),
            models.Index(fields=["municipality", "world", "calling"], name="rule_firing_calling"),
        ]
