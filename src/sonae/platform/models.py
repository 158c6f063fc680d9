"""Tables of the plumbing: outbox, audit chain, idempotency records, exercise clock."""

from django.db import models

from sonae.platform.scoped import ScopedModel


class OutboxEntry(ScopedModel):
    """One thing still to be done for one subscriber: an inner event or a hand-over to a channel."""

    PENDING, DONE, FAILED = "pending", "done", "failed"

    topic = models.CharField("用件", max_length=60)
    subscriber = models.CharField("担当処理", max_length=120)
    order_key = models.CharField("順序キー", max_length=120, blank=True)
    dedupe_key = models.CharField("重複防止キー", max_length=160, null=True, blank=True)
    payload = models.JSONField("内容", default=dict)
    state = models.CharField("状態", max_length=8, default=PENDING)
    priority = models.SmallIntegerField("優先度", default=5)
    attempts = models.IntegerField("試行回数", default=0)
    created_at = models.DateTimeField("作成日時")
    due_at = models.FloatField("実行予定（UNIX秒）")
    leased_until = models.FloatField("処理期限（UNIX秒）", default=0)
    last_error = models.TextField("直近のエラー", blank=True)

    class Meta:
        """One entry per subscriber and dedupe key."""

        verbose_name = "送信待ち"
        indexes = [
            models.Index(fields=["state", "due_at"], name="outbox_due"),
            models.Index(fields=["order_key", "state"], name="outbox_order"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "world", "subscriber", "dedupe_key"], name="outbox_once"
            )
        ]


class AuditEntry(ScopedModel):
    """One act of one actor in the hash-chained audit (監査記録)."""

    sequence = models.BigIntegerField("通番")
    at = models.DateTimeField("日時")
    actor = models.CharField("操作者", max_length=120)
    action = models.CharField("操作", max_length=80)
    target = models.CharField("対象", max_length=160, blank=True)
    detail = models.JSONField("詳細", default=dict)
    previous_hash = models.CharField("前の記録のハッシュ", max_length=64)
    hash = models.CharField("ハッシュ", max_length=64)

    class Meta:
        """The chain is per municipality; the sequence has no gap."""

        verbose_name = "監査記録"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "sequence"], name="audit_sequence")
        ]


class IdempotencyRecord(models.Model):
    """The stored answer to a POST that carried an Idempotency-Key."""

    credential = models.CharField("資格情報", max_length=120)
    key = models.CharField("キー", max_length=200)
    fingerprint = models.CharField("要求のハッシュ", max_length=64)
    status = models.IntegerField("応答コード", default=0)
    body = models.BinaryField("応答", default=b"")
    content_type = models.CharField("形式", max_length=80, blank=True)
    headers = models.JSONField("見出し", default=dict)
    created_at = models.DateTimeField("作成日時")

    class Meta:
        """One answer per credential and key."""

        verbose_name = "冪等記録"
        constraints = [
            models.UniqueConstraint(fields=["credential", "key"], name="idempotency_once")
        ]


class WorkerBeat(models.Model):
    """The last sign of life of one outbox worker, in real time."""

    name = models.CharField("処理係", max_length=120, primary_key=True)
    seen_at = models.FloatField("最終確認（UNIX秒）")
    entry = models.BigIntegerField("処理中の用件", null=True)

    class Meta:
        """One row per worker process."""

        verbose_name = "処理係の稼働"


class ExerciseClock(models.Model):
    """The simulated time of a municipality's exercise world."""

    municipality = models.CharField("団体コード", max_length=6, primary_key=True)
    simulated_start = models.DateTimeField("訓練時刻の起点")
    real_start = models.DateTimeField("実時刻の起点")
    speed = models.FloatField("倍速")
    until = models.DateTimeField("訓練時刻の止まる時刻", null=True)

    class Meta:
        """One row per municipality that runs an exercise on its own time."""

        verbose_name = "訓練時計"
