"""Service (連携サービス), SigningKey, ServiceUse, ServiceLogin and RefreshToken of the OpenID Provider."""

from django.db import models

from sonae.domains.identity.models import Account
from sonae.platform.scoped import TenantModel


class Service(TenantModel):
    """連携サービス: a program of somebody else that residents sign in to with the city's account.

    ``client_id`` and the hash of its secret (empty: public, no secret); ``kinds`` of personal data it
    may ever ask for; ``sector``: services of one sector know a person by the same identifier;
    ``body`` of `consent.SUPPORTERS` for which it works. ``operator``, ``tier`` (city, prefecture, state,
    company), ``purpose`` and ``kinds`` are the notice that a consent is about (`services.notice_of`).
    """

    client_id = models.CharField("クライアントID", max_length=40, unique=True)
    secret_hash = models.CharField("シークレットのSHA-256", max_length=64, blank=True)
    name = models.CharField("サービス名", max_length=80)
    operator = models.CharField("運営者", max_length=120)
    tier = models.CharField("運営者の区分", max_length=12)
    purpose = models.CharField("利用目的", max_length=300, blank=True)
    body = models.CharField("避難支援等関係者", max_length=40, blank=True)
    kinds = models.JSONField("たずねる情報", default=list)
    scopes = models.JSONField("スコープ", default=list)
    grants = models.JSONField("認可の方式", default=list)
    redirect_uris = models.JSONField("戻り先", default=list)
    logout_uris = models.JSONField("ログアウト後の戻り先", default=list)
    backchannel_uri = models.CharField("ログアウトの通知先", max_length=500, blank=True)
    sector = models.CharField("識別子の区分", max_length=255)
    without_pkce = models.BooleanField("PKCEなし（旧式）", default=False)
    created_at = models.DateTimeField("登録日時")
    stopped_at = models.DateTimeField("停止日時", null=True, blank=True)

    class Meta:
        """Looked up by client id."""

        verbose_name = "連携サービス"


class SigningKey(TenantModel):
    """署名鍵: signs tokens from ``signs_from`` until a newer one does; published until ``ends_at``.

    ``private`` is sealed (`platform.sealing`); ``public`` is the JWK as relying parties read it.
    """

    kid = models.CharField("鍵ID", max_length=60, unique=True)
    public = models.JSONField("公開鍵")
    private = models.TextField("封印した秘密鍵")
    created_at = models.DateTimeField("作成日時")
    signs_from = models.DateTimeField("署名の開始")
    ends_at = models.DateTimeField("公開の終わり", null=True, blank=True)

    class Meta:
        """Newest first is asked for most."""

        verbose_name = "署名鍵"


class ServiceUse(TenantModel):
    """サービスの利用: a resident uses a service, known to it by ``sub``; kept when it has ended.

    ``sub`` is drawn by lot, the same for all services of a sector and for none outside it.
    """

    service = models.ForeignKey(Service, on_delete=models.PROTECT, verbose_name="連携サービス")
    subject = models.BigIntegerField("住民")
    sub = models.CharField("サービス別の識別子", max_length=40)
    started_at = models.DateTimeField("利用の開始")
    ended_at = models.DateTimeField("利用の終わり", null=True, blank=True)

    class Meta:
        """One per person and service."""

        verbose_name = "サービスの利用"
        constraints = [
            models.UniqueConstraint(fields=["service", "subject"], name="service_use_once")
        ]
        indexes = [models.Index(fields=["municipality", "subject"], name="service_use_subject")]


class ServiceLogin(TenantModel):
    """サービスへのログイン: one authorization with its code; all tokens that come of it live and die with it.

    ``key`` is the ``sid`` that the service gets, ``session`` names the browser's session to us alone;
    ``code_hash`` SHA-256 of the code, good once until ``code_until``;
    ``asked_for`` the authorization request as far as the tokens need it
    (redirect_uri, scope, nonce, challenge, claims); ``acr``, ``amr``, ``authenticated_at``: how and when
    the person had signed in; ``credential`` changes with the password, and ends it.
    """

    key = models.UUIDField("番号", unique=True)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, verbose_name="連携サービス")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, verbose_name="アカウント")
    subject = models.BigIntegerField("住民")
    sub = models.CharField("サービス別の識別子", max_length=40)
    session = models.CharField("セッション", max_length=40)
    occasion = models.CharField("その1回", max_length=36)
    credential = models.CharField("パスワードの版", max_length=64)
    code_hash = models.CharField("認可コードのSHA-256", max_length=64, unique=True)
    code_until = models.DateTimeField("認可コードの期限")
    code_used_at = models.DateTimeField("認可コードを使った日時", null=True, blank=True)
    asked_for = models.JSONField("要求", default=dict)
    scope = models.CharField("スコープ", max_length=300)
    acr = models.CharField("認証の強さ", max_length=20)
    amr = models.JSONField("認証の方法", default=list)
    authenticated_at = models.DateTimeField("認証の日時")
    started_at = models.DateTimeField("日時")
    expires_at = models.DateTimeField("期限")
    ended_at = models.DateTimeField("終わり", null=True, blank=True)
    ended_why = models.CharField("終わったわけ", max_length=20, blank=True)

    class Meta:
        """Ended by session and by person."""

        verbose_name = "サービスへのログイン"
        indexes = [
            models.Index(fields=["municipality", "session"], name="service_login_session"),
            models.Index(fields=["municipality", "subject"], name="service_login_subject"),
        ]


class RefreshToken(TenantModel):
    """更新トークン: good for one refresh; a second use is theft and ends the sign-in it belongs to."""

    login = models.ForeignKey(
        ServiceLogin, on_delete=models.CASCADE, verbose_name="サービスへのログイン"
    )
    token_hash = models.CharField("SHA-256", max_length=64, unique=True)
    made_at = models.DateTimeField("発行日時")
    expires_at = models.DateTimeField("期限")
    used_at = models.DateTimeField("使った日時", null=True, blank=True)

    class Meta:
        """Looked up by hash."""

        verbose_name = "更新トークン"
