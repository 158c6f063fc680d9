"""Verbs of services (連携サービス): register, change the secret, stop; what people are told of one."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.consent import interface as consent
from sonae.domains.openid import rules
from sonae.domains.openid.models import Service, ServiceLogin
from sonae.platform import audit
from sonae.platform.access import SYSTEM, Actor, Audience, require
from sonae.platform.db import writing


@dataclass(frozen=True)
class Registration:
    """What a service is registered with; ``sector`` empty: the host of its addresses."""

    name: str
    redirect_uris: Sequence[str] = ()
    logout_uris: Sequence[str] = ()
    backchannel_uri: str = ""
    grants: Sequence[str] = ("authorization_code",)
    scope: str = "openid"
    operator: str = ""
    tier: str = "company"
    purpose: str = ""
    body: str = ""
    sector: str = ""
    public: bool = False
    without_pkce: bool = False


def register(given: Registration, *, actor: Actor = SYSTEM) -> tuple[Service, str]:
    """Register a service; return it and its secret (empty for a public one), shown only now.

    `SonaeError` ``unprocessable`` for what cannot be registered, in words that say what to do.
    """
    require(actor, Audience.ADMINISTRATOR)
    scopes, sector = _checked(given)
    secret = "" if given.public else secrets.token_urlsafe(32)
    with writing():
        made = Service.objects.create(
            client_id=secrets.token_urlsafe(12), name=given.name.strip()[:80],
            secret_hash=rules.hashed(secret) if secret else "",
            operator=(given.operator or given.name).strip()[:120], tier=given.tier,
            purpose=given.purpose.strip()[:300], body=given.body, scopes=scopes,
            kinds=sorted(rules.kinds_of(given.scope)), grants=list(given.grants),
            redirect_uris=list(given.redirect_uris), logout_uris=list(given.logout_uris),
            backchannel_uri=given.backchannel_uri, sector=sector,
            without_pkce=given.without_pkce, created_at=clock.now(),
        )  # fmt: skip
        audit.record(
            actor.id, "service_registered", f"service:{made.client_id}", name=made.name,
            scopes=scopes, grants=made.grants, redirect_uris=made.redirect_uris, sector=sector,
            body=made.body, without_pkce=made.without_pkce,
        )  # fmt: skip
    return made, secret


def _checked(given: Registration) -> tuple[list[str], str]:
    """Return the scopes and the sector of a registration that can be taken."""
    scopes = list(dict.fromkeys(given.scope.split()))
    for word, known, what in (
        *((one, rules.GRANTS, "認可の方式（--grant）") for one in given.grants),
        *((one, rules.SCOPES, "スコープ") for one in scopes),
        (given.tier, rules.TIERS, "運営者の区分（--tier）"),
        (given.body, ("", *consent.SUPPORTERS), "避難支援等関係者（--body）"),
    ):
        if word not in known:
            raise SonaeError("unprocessable", f"{what}に「{word}」はありません。", "、".join(known))
    if not given.name.strip():
        raise SonaeError("unprocessable", "サービスの名前を指定してください。")
    people = "authorization_code" in given.grants
    if people is not bool(given.redirect_uris) or (people and "openid" not in scopes):
        raise SonaeError(
            "unprocessable", "人がログインするサービスには、戻り先（--redirect-uri）とスコープ openid が必要です。",
            "プログラムだけのサービスは --grant client_credentials とし、戻り先を指定しません。",
        )  # fmt: skip
    if given.public and ("client_credentials" in given.grants or given.without_pkce):
        raise SonaeError(
            "unprocessable",
            "シークレットのないサービス（--public）には、この組み合わせは使えません。",
        )
    for uri in given.redirect_uris:
        rules.checked_uri(uri, "戻り先")
    for uri in (*given.logout_uris, *filter(None, [given.backchannel_uri])):
        rules.checked_uri(uri, "ログアウトの宛先")
    return scopes, given.sector.strip()[:255] or rules.sector_of(given.redirect_uris)


def renew_secret(client_id: str, *, actor: Actor = SYSTEM) -> str:
    """Give a service another secret, shown only now; the old one is good no more."""
    require(actor, Audience.ADMINISTRATOR)
    secret = secrets.token_urlsafe(32)
    with writing():
        row = service(client_id)
        if row is None or not row.secret_hash:
            raise SonaeError("not_found", "シークレットのある連携サービスが見つかりません。")
        row.secret_hash = rules.hashed(secret)
        row.save(update_fields=["secret_hash"])
        audit.record(actor.id, "service_secret_renewed", f"service:{client_id}")
    return secret


def stop(client_id: str, *, actor: Actor = SYSTEM) -> None:
    """Stop a service: nobody signs in to it, and what it holds opens nothing any more."""
    require(actor, Audience.ADMINISTRATOR)
    with writing():
        row = service(client_id)
        if row is None:
            raise SonaeError("not_found", "この連携サービスは登録されていません。")
        row.stopped_at = clock.now()
        row.save(update_fields=["stopped_at"])
        logins = ServiceLogin.objects.filter(service=row, ended_at=None)
        logins.update(ended_at=clock.now(), ended_why="service_stopped")
        audit.record(actor.id, "service_stopped", f"service:{client_id}")


def service(client_id: str) -> Service | None:
    """Return a service that is not stopped, or None."""
    return Service.objects.filter(client_id=client_id[:40], stopped_at=None).first()


def services() -> list[Service]:
    """Return all services, stopped ones too, newest first."""
    return list(Service.objects.order_by("-pk"))


def recipient_of(row: Service) -> str:
    """Return the name under which consents and looks of a service are kept."""
    return f"service:{row.client_id}"


def notice_of(row: Service) -> str:
    """Return the SHA-256 of what people are told of a service now."""
    return rules.notice_hash(
        {
            "name": row.name, "operator": row.operator, "tier": row.tier, "purpose": row.purpose,
            "kinds": sorted(row.kinds),
        }
    )  # fmt: skip
