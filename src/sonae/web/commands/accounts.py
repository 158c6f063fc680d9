"""``sonae accounts``: make and list accounts without a screen."""

from __future__ import annotations

import sys

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.identity import interface as identity
from sonae.domains.residents.interface import Resident
from sonae.platform import worlds
from sonae.platform.access import SYSTEM, Role
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)
_PASSWORD = click.option(
    "--password", required=True, help="パスワード（10文字以上）。- なら標準入力の1行目から読む"
)


def _given(password: str) -> str:
    """Return the password; ``-`` reads it from standard input, where no list of processes shows it."""
    return sys.stdin.readline().rstrip("\r\n") if password == "-" else password  # noqa: S105


@click.group("accounts")
def group() -> None:
    """利用者のアカウント。"""


@group.command("add")
@click.option("--email", required=True, help="メールアドレス（ログインに使う）")
@_PASSWORD
@click.option(
    "--role",
    type=click.Choice([role.value for role in Role]),
    default="resident",
    show_default=True,
)
@click.option("--resident-id", help="住民のアカウントにする場合の住民ID")
@click.option("--name", default="", help="画面と監査記録に出る名前")
@_FORMAT
def add(
    email: str, password: str, role: str, resident_id: str | None, name: str, fmt: str | None
) -> None:
    """アカウントを1つ作る。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            pk = _resident(resident_id) if resident_id else None
            account = identity.add_account(
                email, _given(password), Role(role), name=name, resident_pk=pk
            )
        except SonaeError as error:
            rows.refuse(error, email)
        else:
            rows.add({"account": account.pk, "email": account.email, "role": account.role})
    sys.exit(rows.status)


def _resident(resident_id: str) -> int:
    """Return the primary key of a resident."""
    found = Resident.objects.filter(resident_id=resident_id).first()
    if found is None:
        raise SonaeError("not_found", f"住民ID {resident_id} は登録されていません。")
    return found.pk


@group.command()
@click.option("--email", required=True, help="メールアドレス")
@_PASSWORD
@click.option(
    "--forget-second-factor", is_flag=True, help="認証アプリ・キー・予備コードの登録も消す"
)
@_FORMAT
def password(email: str, password: str, forget_second_factor: bool, fmt: str | None) -> None:
    """パスワードを付けなおす。本人はすべての端末からログアウトされる。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            account = identity.set_password(
                email, _given(password), forget_second_factor=forget_second_factor
            )
        except SonaeError as error:
            rows.refuse(error, email)
        else:
            rows.add({"account": account.pk, "email": account.email, "role": account.role})
    sys.exit(rows.status)


@group.command()
@click.option("--email", required=True, help="メールアドレス")
@_FORMAT
def close(email: str, fmt: str | None) -> None:
    """アカウントを止める。記録は残る。開けなおすには password を付けなおす。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        actor = identity.actor_for(email.strip())
        if actor is None or actor.account_id is None:
            rows.refuse(SonaeError("not_found", f"{email} のアカウントはありません。"), email)
        else:
            identity.close_account(SYSTEM, actor.account_id)
            rows.add({"account": actor.account_id, "email": email, "active": False})
    sys.exit(rows.status)


@group.command("list")
@_FORMAT
def list_accounts(fmt: str | None) -> None:
    """アカウントの一覧。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for one in identity.accounts():
            rows.add(
                {
                    "account": one.pk,
                    "email": one.email,
                    "role": one.role,
                    "name": one.name,
                    "active": one.is_active,
                }
            )
    sys.exit(rows.status)


@group.command("token")
@click.option("--email", required=True, help="職員のアカウント（このアカウントの権限を超えない）")
@click.option("--name", required=True, help="用途（例: 情報課のQGIS）")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(identity.SCOPES), default=("ogc.read",),
    show_default=True, help="開けるもの",
)  # fmt: skip
@click.option("--days", type=int, default=90, show_default=True, help="有効な日数")
@_FORMAT
def token(email: str, name: str, scopes: tuple[str, ...], days: int, fmt: str | None) -> None:
    """GISなどのプログラムが読むためのトークンを発行する（表示はこの一度だけ）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        try:
            made, text = identity.issue_token(email, name, scopes, days)
        except SonaeError as error:
            rows.refuse(error, email)
        else:
            until = made.expires_at.isoformat(timespec="seconds")
            rows.add({"id": made.pk, "token": text, "scopes": list(scopes), "expires_at": until})
    sys.exit(rows.status)


@group.command("tokens")
@_FORMAT
def tokens(fmt: str | None) -> None:
    """発行したトークンの一覧（トークンそのものは保存していない）。"""
    with Rows(fmt) as rows, worlds.entered(serving()):
        for one in identity.access_tokens():
            rows.add(
                {
                    "id": one.pk,
                    "email": one.account.email,
                    "name": one.name,
                    "scopes": one.scopes,
                    "expires_at": one.expires_at.isoformat(timespec="seconds"),
                    "used_at": one.used_at and one.used_at.isoformat(timespec="seconds"),
                    "revoked": one.revoked_at is not None,
                }
            )
    sys.exit(rows.status)


@group.command("revoke-token")
@click.argument("number", type=int)
def revoke(number: int) -> None:
    """トークンをすぐに使えなくする（番号は tokens の id）。"""
    with Rows() as rows, worlds.entered(serving()):
        try:
            identity.revoke_token(number)
        except SonaeError as error:
            rows.refuse(error, str(number))
    sys.exit(rows.status)
