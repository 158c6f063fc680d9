"""``sonae clients``: services that residents sign in to with the city's account, and programs."""

from __future__ import annotations

import sys
from typing import Any

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.consent import interface as consent
from sonae.domains.openid import interface as openid
from sonae.platform import worlds
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
_LATER = "device_code"


@click.group("clients")
def group() -> None:
    """連携サービス（住民が市のアカウントでログインする先）とプログラム。"""


@group.command("add")
@click.option("--name", required=True, help="サービスの名前（住民に見せる）")
@click.option(
    "--redirect-uri",
    "redirects",
    multiple=True,
    help="ログインのあとの戻り先（完全に一致するものだけ）",
)
@click.option(
    "--post-logout-redirect-uri", "logouts", multiple=True, help="ログアウトのあとの戻り先"
)
@click.option("--backchannel-logout-uri", "backchannel", default="", help="ログアウトの通知先")
@click.option(
    "--grant",
    "grants",
    default="authorization_code",
    show_default=True,
    help="認可の方式（, で区切る）: " + " ".join(openid.rules.GRANTS),
)
@click.option(
    "--scope",
    default="openid",
    show_default=True,
    help="スコープ（空白で区切る）: " + " ".join(openid.rules.SCOPES),
)
@click.option("--operator", default="", help="運営者の名前（住民に見せる）")
@click.option(
    "--tier",
    type=click.Choice(openid.rules.TIERS),
    default="company",
    show_default=True,
    help="運営者の区分（住民に見せる）",
)
@click.option("--purpose", default="", help="何に使うか（住民に見せる）")
@click.option(
    "--body",
    type=click.Choice(consent.SUPPORTERS),
    help="そのために働く避難支援等関係者。緊急時の名簿提供を受ける",
)
@click.option(
    "--sector", default="", help="同じ人を同じ番号で扱うサービスのまとまり（既定: 戻り先のホスト）"
)
@click.option(
    "--public", is_flag=True, help="シークレットを持てないもの（スマートフォンのアプリなど）"
)
@click.option(
    "--legacy-no-pkce", "without_pkce", is_flag=True, help="PKCEを使えない、認定済みの古いサービス"
)
@_FORMAT
def add(fmt: str | None, redirects: tuple[str, ...], logouts: tuple[str, ...], backchannel: str,
        grants: str, body: str | None, **given: Any) -> None:  # fmt: skip
    """連携サービスを1つ登録する。シークレットの表示はこの一度だけ。"""
    wanted = [one for one in grants.replace(",", " ").split() if one]
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            if _LATER in wanted:
                raise SonaeError(
                    "unprocessable",
                    "device_code には、まだ対応していません。",
                    "画面のある端末は authorization_code を使ってください。",
                )
            row, secret = openid.register(
                openid.Registration(
                    redirect_uris=redirects,
                    logout_uris=logouts,
                    backchannel_uri=backchannel,
                    grants=wanted,
                    body=body or "",
                    **given,
                )
            )
        except SonaeError as error:
            rows.refuse(error, given["name"])
        else:
            rows.add({"client_id": row.client_id, "client_secret": secret})
    sys.exit(rows.status)


@group.command("list")
@_FORMAT
def list_clients(fmt: str | None) -> None:
    """連携サービスの一覧（シークレットは保存していない）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for one in openid.services():
            rows.add(
                {
                    "client_id": one.client_id, "name": one.name, "operator": one.operator,
                    "tier": one.tier, "scope": " ".join(one.scopes), "grants": one.grants,
                    "redirect_uris": one.redirect_uris, "sector": one.sector, "body": one.body,
                    "stopped": one.stopped_at is not None,
                }
            )  # fmt: skip
    sys.exit(rows.status)


@group.command()
@click.argument("client_id")
@_FORMAT
def secret(client_id: str, fmt: str | None) -> None:
    """シークレットを作りなおす。前のものはすぐに使えなくなる。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            rows.add({"client_id": client_id, "client_secret": openid.renew_secret(client_id)})
        except SonaeError as error:
            rows.refuse(error, client_id)
    sys.exit(rows.status)


@group.command()
@click.argument("client_id")
def stop(client_id: str) -> None:
    """連携サービスを止める。発行したトークンは、すぐにすべて使えなくなる。"""
    with Rows() as rows, worlds.entered(serving()):
        try:
            openid.stop(client_id)
        except SonaeError as error:
            rows.refuse(error, client_id)
    sys.exit(rows.status)


@group.command("rotate-keys")
@click.option(
    "--compromised", is_flag=True, help="いまの鍵が漏れた。前の鍵の署名は、すぐにすべて無効になる"
)
@_FORMAT
def rotate_keys(compromised: bool, fmt: str | None) -> None:
    """署名の鍵を作りなおす（90日ごとに、ひとりでにも作りなおされる）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        made = openid.keys.rotate(compromised=compromised)
        rows.add({"kid": made.kid, "signs_from": made.signs_from.isoformat(timespec="seconds")})
    sys.exit(rows.status)
