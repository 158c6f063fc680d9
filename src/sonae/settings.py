"""Settings of the server; everything a city may change comes from the environment or SONAE_HOME.

Variables: SONAE_HOME (data folder), SONAE_DATABASE (``postgres://user:password@host/name`` or a
path; default: ``sonae.sqlite3`` in SONAE_HOME), SONAE_MUNICIPALITY (6-digit code where one server
holds several), SONAE_HOSTS (comma-separated host names), SONAE_ISSUER (public address),
SONAE_SMTP (``smtp://user:password@host:port``; unset = no live e-mail), SONAE_MAIL_FROM,
SONAE_PUSH_HOSTS (comma-separated hosts of push services beside the known ones),
SONAE_PROXIES (how many proxies of the city stand before the server; limits of attempts count the
sender's address by it), SONAE_ALLOW_PRIVATE_TARGETS, SONAE_DEBUG.
"""

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

if sys.platform == "linux":
    # Debian 12's SQLite has the WAL-reset corruption bug (fixed in 3.51.3); the wheel bundles a fixed one.
    import pysqlite3

    sys.modules["sqlite3"] = pysqlite3

from csp.constants import NONE, SELF
from django.conf.locale import LANG_INFO

SOURCE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("SONAE_HOME", Path.home() / ".local/share/sonae")).resolve()
HOME.mkdir(parents=True, exist_ok=True, mode=0o700)
DEBUG = os.environ.get("SONAE_DEBUG") == "1"


def _secret_key() -> str:
    """Return the server's own secret, made at the first start and readable by its owner only."""
    file = HOME / "secret.key"
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.write(secrets.token_urlsafe(64))
    return file.read_text()


def _database(address: str) -> dict[str, object]:
    """Return Django's database settings for a ``postgres://`` address or an SQLite path."""
    if address.startswith(("postgres://", "postgresql://")):
        parts = urlsplit(address)
        return {
            "ENGINE": "sonae.platform.postgresql",
            "NAME": parts.path.lstrip("/"),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(parts.hostname or ""),
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 600,
        }
    # Check-points of 40 MB instead of 4: pages that many scans touch are then copied once, not often.
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": address,
        "CONN_MAX_AGE": 600,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
            "PRAGMA cache_size=-16000; PRAGMA wal_autocheckpoint=10000;",
        },
    }


SECRET_KEY = _secret_key()
ALLOWED_HOSTS = os.environ.get("SONAE_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",")
ISSUER = os.environ.get("SONAE_ISSUER", "")
if _host := urlsplit(ISSUER).hostname:
    ALLOWED_HOSTS.append(_host)
MUNICIPALITY = os.environ.get("SONAE_MUNICIPALITY", "")
SMTP = os.environ.get("SONAE_SMTP", "")
MAIL_FROM = os.environ.get("SONAE_MAIL_FROM", "sonae@localhost")
PUSH_HOSTS = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
    *filter(None, os.environ.get("SONAE_PUSH_HOSTS", "").split(",")),
)
"""Push services (and their subdomains) to which a browser's subscription may point, and no other host."""
PROXIES = int(os.environ.get("SONAE_PROXIES", "0") or 0)
ALLOW_PRIVATE_TARGETS = os.environ.get("SONAE_ALLOW_PRIVATE_TARGETS") == "1"

DATABASES = {"default": _database(os.environ.get("SONAE_DATABASE", str(HOME / "sonae.sqlite3")))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Shared by the server's workers: a limit on log-ins that each counted alone would be several times as wide.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": str(HOME / "cache"),
    }
}

DOMAINS = [
    "municipalities",
    "identity",
    "consent",
    "residents",
    "openid",
    "warnings",
    "hazards",
    "shelters",
    "evacuation",
    "safety",
    "rosters",
    "sheltering",
    "messages",
    "exchange",
    "edge",
]
"""The order of the domains: foreign keys and imports only point to earlier ones."""

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.contrib.messages",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_htmx",
    "csp",
    "sonae.platform",
    *(f"sonae.domains.{name}" for name in DOMAINS),
    "sonae.gateways",
    "sonae.web",
    "sonae.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sonae.web.middleware.ScopeMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "sonae.web.middleware.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "sonae.platform.access.AccessMiddleware",
    "sonae.platform.problems.ProblemMiddleware",
    "sonae.platform.idempotency.IdempotencyMiddleware",
]

CSRF_FAILURE_VIEW = "sonae.platform.problems.csrf_failure"
ROOT_URLCONF = "sonae.urls"
WSGI_APPLICATION = "sonae.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [SOURCE / "web/templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sonae.web.context.page",
            ]
        },
    }
]

AUTH_USER_MODEL = "identity.Account"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_RATE_LIMITS = {"service_failed": "20/5m/key"}
"""Beside the limits on log-ins that allauth brings: failures of a service to prove itself, by address."""
ACCOUNT_ADAPTER = "sonae.web.accounts.AccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Sonae"
MFA_ADAPTER = "sonae.web.accounts.MFAAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEBUG or ISSUER.startswith("http://") or not ISSUER
ALLAUTH_TRUSTED_PROXY_COUNT = PROXIES
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/home/"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

SONAE_AUDIENCES = {
    "account_login": ["public"],
    "account_logout": ["public"],
    "account_inactive": ["public"],
    "account_reauthenticate": ["signed_in"],
    "account_change_password": ["signed_in"],
    "account_set_password": ["signed_in"],
    "mfa_authenticate": ["public"],
    "mfa_login_webauthn": ["public"],
    "mfa_*": ["signed_in"],
}
"""Audiences of third-party routes by URL name (own views declare theirs with `audience`)."""

HTTPS = ISSUER.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PROXIES else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [ISSUER] if ISSUER else []
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "script-src": [SELF],
        "style-src": [SELF],
        "worker-src": [SELF, "blob:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 1024 * 1024

LANG_INFO["ja-x-easy"] = {
    "bidi": False,
    "code": "ja-x-easy",
    "name": "Easy Japanese",
    "name_local": "やさしい日本語",
}
LANGUAGE_CODE = "ja"
LANGUAGES = [("ja", "日本語"), ("ja-x-easy", "やさしい日本語"), ("en", "English")]
LOCALE_PATHS = [SOURCE / "locale"]
LANGUAGE_COOKIE_NAME = "sonae_language"
TIME_ZONE = "Asia/Tokyo"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(os.environ.get("SONAE_STATIC", HOME / "static"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if (STATIC_ROOT / "staticfiles.json").exists()
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()
WHITENOISE_MAX_AGE = 31_536_000 if HTTPS else 600

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
"""Django's own mail is never used: every message leaves through the outbox and `gateways`."""

SILENCED_SYSTEM_CHECKS = [
    "security.W008",
    "security.W004",
    "security.W012",
    "security.W016",
    "security.W021",
]
"""TLS ends at the city's proxy; cookies and HSTS follow SONAE_ISSUER."""

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": os.environ.get("SONAE_LOG", "WARNING")},
}
