"""``sonae accounts``: make and list accounts without a screen."""

from __future__ import annotations

import sys

import click

from sonae.core.errors import SonaeError
from sonae.core.rows import FORMATS, Rows
from sonae.domains.identity import interface as identity
from sonae.domains.residents.interface import Resident
from sonae.platform import worlds
from sonae.platform.access import Role
from sonae.web.commands.place import serving

_FORMAT = click.option(
    "--format", "fmt", type=click.Choice(FORMATS), help="出力の形（既定: 端末では table）"
)


@click.group("accounts")
def group() -> None:
    """利用者のアカウント。"""


@group.command("add")
@click.option("--email", required=True, help="メールアドレス（ログインに使う）")
@click.option("--password", required=True, help="パスワード（10文字以上）")
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
            account = identity.add_account(email, password, Role(role), name=name, resident_pk=pk)
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
