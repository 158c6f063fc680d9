"""ConsentGrant (同意), AskPreference (たずね方の希望), EmergencySharing (緊急時の名簿提供), AccessEvent (開示記録)."""

from django.db import models

from sonae.platform.scoped import ScopedModel, TenantModel


class ConsentGrant(TenantModel):
    """同意: a resident lets a recipient have kinds of data for a purpose, in a phase, until a date.

    ``asked``: what the person was asked about, given or not (empty where nobody was asked: a consent
    made of oneself). ``notice``: SHA-256 of what the person was told of the recipient; told anything
    else, it is no consent. ``occasion``: the one sign-in for which it was given, empty for all.
    """

    subject = models.BigIntegerField("住民")
    recipient = models.CharField("提供先", max_length=80)
    purpose = models.CharField("目的", max_length=60)
    kinds = models.JSONField("情報の種類", default=list)
    phase = models.CharField("平時・有事", max_length=10)
    asked = models.JSONField("たずねた種類", default=list)
    notice = models.CharField("説明のハッシュ", max_length=64, blank=True)
    occasion = models.CharField("その1回", max_length=36, blank=True)
    granted_at = models.DateTimeField("同意日時")
    expires_at = models.DateTimeField("期限", null=True, blank=True)
    withdrawn_at = models.DateTimeField("撤回日時", null=True, blank=True)

    class Meta:
        """Looked up by subject."""

        verbose_name = "同意"
        indexes = [models.Index(fields=["municipality", "subject"], name="consent_subject")]


class AskPreference(TenantModel):
    """たずね方の希望: how often a resident wants to be asked, `rules.ASKS`."""

    subject = models.BigIntegerField("住民")
    choice = models.CharField("たずね方", max_length=16)
    chosen_at = models.DateTimeField("決めた日時")

    class Meta:
        """One per resident."""

        verbose_name = "たずね方の希望"
        constraints = [
            models.UniqueConstraint(fields=["municipality", "subject"], name="ask_preference_once")
        ]


class EmergencySharing(ScopedModel):
    """緊急時の名簿提供 (災害対策基本法 第49条の11第3項): without consent, for a while, by two people.

    In force from ``approved_at`` until ``expires_at`` at the latest; it dies by itself. ``kinds`` are
    the kinds of data that supporters may get; ``bodies`` which supporters, all where none is named.
    ``basis``: the law as it was read then.
    """

    reason = models.CharField("理由", max_length=200)
    basis = models.CharField("法的な根拠", max_length=120)
    bodies = models.JSONField("提供先", default=list)
    kinds = models.JSONField("情報の種類", default=list)
    declared_by = models.CharField("起案者", max_length=120)
    declared_at = models.DateTimeField("起案日時")
    approved_by = models.CharField("決裁者", max_length=120, blank=True)
    approved_at = models.DateTimeField("決裁日時", null=True)
    expires_at = models.DateTimeField("期限")
    ended_by = models.CharField("終了者", max_length=120, blank=True)
    ended_at = models.DateTimeField("終了日時", null=True)

    class Meta:
        """Looked up by whether it is in force."""

        verbose_name = "緊急時の名簿提供"
        indexes = [
            models.Index(fields=["municipality", "world", "expires_at"], name="sharing_expires")
        ]


class AccessEvent(ScopedModel):
    """開示記録: one decision about one person's data, readable by that person.

    ``looker`` is the identifier of who looked (two people may share a name); ``at`` is the real time,
    also of a look during an exercise. ``sharing``: the `EmergencySharing` under which data were handed
    out; ``asked_by`` the member of staff who handed them out when it was not for the own work.
    """

    subject = models.BigIntegerField("住民")
    at = models.DateTimeField("日時")
    recipient = models.CharField("閲覧者", max_length=120)
    looker = models.CharField("閲覧者の識別子", max_length=120)
    purpose = models.CharField("目的", max_length=60)
    fields = models.JSONField("項目", default=list)
    decision = models.CharField("判断", max_length=8)
    rule = models.CharField("根拠", max_length=60)
    trace = models.JSONField("判断の経過", default=list)
    sharing = models.BigIntegerField("緊急時の名簿提供", null=True)
    asked_by = models.CharField("渡した職員", max_length=120, blank=True)

    class Meta:
        """Shown newest first to the subject; what went out under a sharing is listed with it."""

        verbose_name = "開示記録"
        indexes = [
            models.Index(fields=["municipality", "subject", "at"], name="access_subject"),
            models.Index(
                fields=["municipality", "sharing"],
                condition=models.Q(sharing__isnull=False),
                name="access_sharing",
            ),
        ]
