"""Message (伝達文), Wording (文面), Transmission (送信), Delivery (配達), ContactPoint (連絡先)."""

from django.db import models

from sonae.domains.evacuation.models import EvacuationOrder
from sonae.domains.residents.models import Resident
from sonae.domains.warnings.models import RuleFiring
from sonae.platform.scoped import ScopedModel, TenantModel


class Message(ScopedModel):
    """伝達文: a draft with its approvals; what is sent is the frozen `Transmission`.

    ``kind``: order, notice, alarm, correction, renewal, cancellation, lifting, proof (of an address). A correction or
    cancellation refers to the message it corrects and is prepared together with it. ``topic`` is
    what it is about (``order:<pk>``, ``notice:<pk of the first message>``, ``alarm:<key>``): later
    words about the same topic overtake earlier ones. ``about`` holds the facts of a notice
    (`notices.about`). ``status`` moves as `rules.MESSAGE_TRANSITIONS` allows.
    """

    kind = models.CharField("種類", max_length=14)
    status = models.CharField("状態", max_length=12, default="draft")
    order = models.ForeignKey(
        EvacuationOrder, null=True, on_delete=models.PROTECT, verbose_name="避難情報"
    )
    topic = models.CharField("話題", max_length=80)
    about = models.JSONField("お知らせの事実", default=dict)
    firing = models.ForeignKey(
        RuleFiring, null=True, on_delete=models.PROTECT, verbose_name="きっかけのルール"
    )
    refers_to = models.ForeignKey(
        "self", null=True, on_delete=models.PROTECT, verbose_name="訂正・取消の対象"
    )
    audience = models.JSONField("宛先の条件", default=dict)
    channels = models.JSONField("使う手段", default=list)
    drafted_by = models.CharField("起案者", max_length=120)
    drafted_at = models.DateTimeField("起案日時")
    submitted_by = models.CharField("申請者", max_length=120, blank=True)
    approved_by = models.CharField("決裁者", max_length=120, blank=True)
    approved_at = models.DateTimeField("決裁日時", null=True)
    decision_reason = models.TextField("差し戻しの理由", blank=True)
    sent_at = models.DateTimeField("送信開始", null=True)

    class Meta:
        """Listed newest first; looked up by topic at every hand-over."""

        verbose_name = "伝達文"
        indexes = [models.Index(fields=["municipality", "world", "topic"], name="message_topic")]


class Wording(models.Model):
    """文面: the text of a message for one channel in one language."""

    message = models.ForeignKey(Message, on_delete=models.CASCADE, verbose_name="伝達文")
    channel = models.CharField("手段", max_length=12)
    language = models.CharField("言語", max_length=12)
    subject = models.CharField("件名", max_length=200, blank=True)
    body = models.TextField("本文")

    class Meta:
        """One text per channel and language."""

        verbose_name = "文面"
        constraints = [
            models.UniqueConstraint(fields=["message", "channel", "language"], name="wording_once")
        ]


class Transmission(ScopedModel):
    """送信: the frozen copy of a message handed to one channel."""

    message = models.ForeignKey(Message, on_delete=models.PROTECT, verbose_name="伝達文")
    channel = models.CharField("手段", max_length=12)
    status = models.CharField("状態", max_length=12, default="created")
    frozen = models.JSONField("送信内容", default=dict)
    identifier = models.CharField("識別子", max_length=120, unique=True)
    recipients = models.IntegerField("宛先数", default=0)
    created_at = models.DateTimeField("作成日時")
    started_at = models.DateTimeField("開始日時", null=True)
    finished_at = models.DateTimeField("完了日時", null=True)
    error = models.TextField("エラー", blank=True)

    class Meta:
        """A message goes once down each channel."""

        verbose_name = "送信"
        constraints = [
            models.UniqueConstraint(fields=["message", "channel"], name="transmission_once")
        ]


class ContactPoint(TenantModel):
    """連絡先: where a resident has asked to be told: a browser (Web Push), a mailbox, a phone, LINE.

    ``address``: the push endpoint, the e-mail address, the phone number or the LINE user. ``keys``: what
    a push is encrypted for, sealed. ``label``: what its owner knows it by. It counts from ``confirmed_at``
    (double opt-in: ``code``, kept as a keyed hash, was sent to it and came back) until ``ended_at``;
    ``ended_why`` (`contacts.ENDS`) is told to its owner, because nobody notices a notification that stays
    away. Both worlds share it.
    """

    resident = models.ForeignKey(Resident, on_delete=models.CASCADE, verbose_name="住民")
    channel = models.CharField("手段", max_length=12)
    address = models.CharField("宛先", max_length=1000)
    keys = models.TextField("暗号の鍵", blank=True)
    label = models.CharField("呼び名", max_length=80, blank=True)
    code = models.CharField("確認番号", max_length=128, blank=True)
    code_until = models.DateTimeField("確認番号の期限", null=True)
    code_tries = models.SmallIntegerField("まちがえた回数", default=0)
    added_at = models.DateTimeField("登録日時")
    confirmed_at = models.DateTimeField("確認日時", null=True)
    ended_at = models.DateTimeField("終了日時", null=True)
    ended_why = models.CharField("終了の理由", max_length=10, blank=True)

    class Meta:
        """An address is a resident's once; looked up by owner and by address."""

        verbose_name = "連絡先"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "channel", "address", "resident"], name="contact_once"
            )
        ]


class Delivery(models.Model):
    """配達: one recipient of one transmission, and what is known about the arrival.

    ``status``: created, sending, handed_over, failed, acknowledged. ``contact``: None for what the
    register knows (`Resident.email`).
    """

    transmission = models.ForeignKey(Transmission, on_delete=models.CASCADE, verbose_name="送信")
    resident = models.ForeignKey(
        Resident, null=True, on_delete=models.SET_NULL, verbose_name="住民"
    )
    contact = models.ForeignKey(
        ContactPoint, null=True, on_delete=models.SET_NULL, verbose_name="連絡先"
    )
    address = models.CharField("宛先", max_length=1000)
    others = models.JSONField("同じ宛先の家族", default=list)
    language = models.CharField("言語", max_length=12, default="ja")
    chunk = models.IntegerField("組", default=0)
    status = models.CharField("状態", max_length=12, default="created")
    at = models.DateTimeField("更新日時", null=True)
    error = models.CharField("エラー", max_length=200, blank=True)

    class Meta:
        """A mailbox of a household gets a transmission once."""

        verbose_name = "配達"
        constraints = [
            models.UniqueConstraint(
                fields=["transmission", "address", "resident"], name="delivery_once"
            )
        ]
        indexes = [models.Index(fields=["transmission", "status"], name="delivery_status")]

    @property
    def owners(self) -> list[int]:
        """Residents (primary keys) whom the personal link is for; empty when nobody is known."""
        return [] if self.resident_id is None else [self.resident_id, *self.others]
