"""Wrong usage of the command line said in Japanese, with what to do; click's own words are English."""

from __future__ import annotations

import sys
from typing import Final

import click
from click.exceptions import (
    BadArgumentUsage,
    BadOptionUsage,
    BadParameter,
    MissingParameter,
    NoSuchOption,
)

_NO_COMMAND: Final = "No such command "


def told(error: click.ClickException) -> str:
    """Return the sentence for an error of click; its own words where it is none of the usual ones."""
    if isinstance(error, MissingParameter):
        return f"{_kind(error)} {_named(error)} がありません。{_wanted(error)}".rstrip()
    if isinstance(error, NoSuchOption):
        near = f"もしかして：{'、'.join(error.possibilities)}" if error.possibilities else ""
        return f"オプション {error.option_name} はありません。{near}"
    if isinstance(error, BadParameter):
        return f"{_named(error)} の値が正しくありません。{_wanted(error) or error.message}"
    if isinstance(error, BadOptionUsage):
        return f"オプション {error.option_name} の使い方が正しくありません。値が必要か、値を付けられません。"
    if isinstance(error, click.UsageError) and error.message.startswith(_NO_COMMAND):
        return f"コマンド {error.message.removeprefix(_NO_COMMAND).rstrip('.')} はありません。"
    if isinstance(error, BadArgumentUsage) or "unexpected extra argument" in error.message:
        return (
            f"引数が多すぎるか、足りません：{error.message.partition('(')[2].rstrip(').') or '–'}"
        )
    return error.format_message()


def show(error: click.ClickException) -> None:
    """Write usage, the sentence and where to read more to standard error."""
    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if ctx is not None:
        usage = ctx.get_usage().removeprefix("Usage: ")
        sys.stderr.write(f"使い方：{usage}\n")
    sys.stderr.write(f"誤り：{told(error)}\n")
    if ctx is not None:
        sys.stderr.write(f"詳しくは：{ctx.command_path} --help\n")


def _kind(error: BadParameter) -> str:
    return "引数" if isinstance(error.param, click.Argument) else "オプション"


def _named(error: BadParameter) -> str:
    """Return the name of the parameter as it is typed."""
    if error.param_hint:
        hint = error.param_hint
        return hint if isinstance(hint, str) else " / ".join(hint)
    if error.param is None:
        return "値"
    if isinstance(error.param, click.Argument):
        return error.param.make_metavar(error.ctx or click.Context(click.Command("sonae")))
    return " / ".join(error.param.opts)


def _wanted(error: BadParameter) -> str:
    """Return what the parameter takes, by its type; nothing when the message says it itself."""
    kind = error.param.type if error.param is not None else None
    if isinstance(kind, click.Choice):
        return f"次のどれかです：{'、'.join(map(str, kind.choices))}"
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        low = "" if kind.min is None else f"{kind.min}以上"
        high = "" if kind.max is None else f"{kind.max}以下"
        return f"{low}{high}の数です。"
    if isinstance(kind, click.Path) and not isinstance(error, MissingParameter):
        return "そのファイルかフォルダがありません。" if kind.exists else "その場所は使えません。"
    if isinstance(kind, (click.types.IntParamType, click.types.FloatParamType)):
        return "数で指定してください。"
    return ""
