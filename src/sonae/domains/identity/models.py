"""Account (アカウント): who signs in, and in which role; AccessToken (アクセストークン) of a program."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models

from sonae.core import clock
from sonae.platform.access import Role
from sonae.platform.scoped import TenantModel


class AccountManager(BaseUserManager["Account"]):
    """Creates accounts by e-mail address."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "Account":
        """Create an account with a hashed password (None = cannot sign in by password)."""
        account = self.model(email=self.normalize_email(email).lower(), **fields)
        account.set_password(password)
        account.save(using=self._db)
        return account


class Account(AbstractBaseUser, PermissionsMixin):
    """アカウント: a member of staff or a resident; ``resident_pk`` points at the register's row.

    It is a plain number because the register lies above identity in the order of domains.
    """

    email = models.EmailField("メールアドレス", unique=True)
    name = models.CharField("表示名", max_length=80, blank=True)
    role = models.CharField(
        "役割",
        max_length=16,
        default=Role.RESIDENT.value,
        choices=[(r.value, r.value) for r in Role],
    )
    municipality = models.CharField("団体コード", max_length=6)
    resident_pk = models.BigIntegerField("住民", null=True, blank=True)
    language = models.CharField("言語", max_length=12, default="ja")
    duty_mail = models.BooleanField("警報を自分のメールで受け取る", default=False)
    is_active = models.BooleanField("有効", default=True)
    is_staff = models.BooleanField("管理画面", default=False)
    date_joined = models.DateTimeField("登録日時", default=clock.now)

    objects = AccountManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        """Accounts are looked up by e-mail and by resident."""

        verbose_name = "アカウント"
        indexes = [models.Index(fields=["municipality", "resident_pk"], name="account_resident")]

    def get_full_name(self) -> str:
        """Return the name shown on screens and in the audit."""
        return self.name or self.email


class AccessToken(TenantModel):
    """アクセストークン: lets a program of a member of staff (a GIS, say) read as that person.

    It opens only what its ``scopes`` name, never more than the account itself may; it is shown once
    and kept as a hash.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, verbose_name="アカウント")
    name = models.CharField("用途", max_length=80)
    token_hash = models.CharField("SHA-256", max_length=64, unique=True)
    scopes = models.JSONField("権限", default=list)
    created_at = models.DateTimeField("発行日時")
    expires_at = models.DateTimeField("期限")
    revoked_at = models.DateTimeField("失効日時", null=True, blank=True)
    used_at = models.DateTimeField("最終使用", null=True, blank=True)

    class Meta:
        """Listed by account, newest first."""

        verbose_name = "アクセストークン"


class SettingChange(TenantModel):
    """設定の変更: one change of a setting that says who may do or see what; never erased.

    ``setting`` of `citysettings.SETTINGS`; ``account`` whom it is about, where it is about somebody;
    ``wanted`` on or off. ``state``: waiting (for a second person), in_force, refused.
    """

    setting = models.CharField("設定", max_length=40)
    account = models.ForeignKey(
        Account, null=True, on_delete=models.PROTECT, verbose_name="アカウント"
    )
    wanted = models.BooleanField("入れる")
    reason = models.CharField("理由", max_length=200)
    state = models.CharField("状態", max_length=8, default="waiting")
    proposed_by = models.CharField("提案者", max_length=120)
    proposed_at = models.DateTimeField("提案日時")
    decided_by = models.CharField("決定者", max_length=120, blank=True)
    decided_at = models.DateTimeField("決定日時", null=True)
    decided_why = models.CharField("決定の理由", max_length=200, blank=True)

    class Meta:
        """One change about one person waits at a time."""

        verbose_name = "設定の変更"
        constraints = [
            models.UniqueConstraint(
                fields=["municipality", "setting", "account"],
                condition=models.Q(state="waiting"),
                name="setting_waiting_once",
            )
        ]
