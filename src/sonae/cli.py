"""The command line ``sonae GROUP VERB``: one table of groups, each loaded only when it is used.

Exit status: 0 all good · 1 something was refused · 2 wrong usage (contracts of the command line).
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from dataclasses import dataclass, field
from typing import Final, cast

import click

from sonae import __version__, django_setup, usage
from sonae.core.errors import SonaeError


@dataclass(frozen=True, slots=True)
class Entry:
    """One group: its click object (``module:attribute``), its help line, and whether it needs
    the server's code. ``verbs`` are verbs of the same group that live elsewhere and do need it:
    each is loaded only when it is called, so that the engine's verbs stay quick. ``later`` are verbs
    of engines whose libraries take longer to load than the others take to run.
    """

    source: str
    help: str
    django: bool = False
    verbs: dict[str, str] = field(default_factory=dict)
    later: dict[str, str] = field(default_factory=dict)


COMMANDS: Final[dict[str, Entry]] = {
    "warnings": Entry(
        "sonae.engines.warnings.cli:group",
        "警報・注意報などの電文を読む",
        verbs={
            "accept": "sonae.web.commands.warnings:accept",
            "prune": "sonae.web.commands.warnings:prune",
            "rescan": "sonae.web.commands.warnings:rescan",
        },
    ),
    "hazard": Entry(
        "sonae.engines.hazard.cli:group",
        "危険区域を調べ、取り込む。通行止めなどを登録する",
        verbs={
            verb: f"sonae.web.commands.hazards:{name}"
            for verb, name in (
                ("load", "load"),
                ("list", "list_"),
                ("confirm", "confirm"),
                ("discard", "discard"),
                ("retire", "retire"),
                ("restore", "restore"),
                ("observe", "observe"),
                ("observed", "observed"),
                ("withdraw", "withdraw"),
            )
        },
    ),
    "evacuation": Entry(
        "sonae.engines.evacuation.cli:group",
        "避難経路と避難先を計算する",
        verbs={"network": "sonae.web.commands.network:group"},
    ),
    "map": Entry("sonae.web.commands.map:group", "背景地図（道路・区域・町名）を作る", django=True),
    "export": Entry(
        "sonae.web.commands.export:export", "公開データをファイルに書き出す", django=True
    ),
    "shelters": Entry(
        "sonae.engines.shelters.cli:group",
        "避難所データを点検する",
        verbs={"load": "sonae.web.commands.shelters:load"},
    ),
    "people": Entry(
        "sonae.engines.matching.cli:group",
        "住民情報を取り込み、出力する",
        verbs={
            "list": "sonae.web.commands.people:list_people",
            "learn": "sonae.web.commands.people:learn_people",
            "pfif": "sonae.web.commands.pfif:group",
            "import": "sonae.web.commands.people:import_people",
        },
        later={"match": "sonae.engines.matching.match_cli:match"},
    ),
    "reference": Entry("sonae.engines.reference.cli:group", "地域コードなどの参照データ"),
    "demo": Entry("sonae.demo.cli:group", "架空の市で試す", django=True),
    "accounts": Entry("sonae.web.commands.accounts:group", "利用者を登録する", django=True),
    "clients": Entry("sonae.web.commands.clients:group", "連携サービスを登録する", django=True),
    "reception": Entry("sonae.web.commands.reception:group", "避難所の受付端末", django=True),
    "setup": Entry(
        "sonae.web.commands.setup:setup", "データベースと静的ファイルを用意する", django=True
    ),
    "serve": Entry("sonae.web.commands.serve:serve", "サーバーを起動する"),
    "work": Entry("sonae.web.commands.work:work", "送信などの仕事をする", django=True),
    "inputs": Entry("sonae.web.commands.inputs:group", "警報の受信経路", django=True),
    "simulate": Entry(
        "sonae.gateways.simulators.cli:group", "受信の相手をまねて、記録した電文を流す（訓練用）"
    ),
    "audit": Entry("sonae.web.commands.audit:group", "監査記録を確かめる", django=True),
    "doctor": Entry("sonae.web.commands.doctor:doctor", "設置の状態を点検する", django=True),
}


def exists(source: str) -> bool:
    """Whether the module of ``module:attribute`` is there, without importing the module itself."""
    module = source.partition(":")[0]
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def load(source: str) -> click.Command:
    """The click object that ``module:attribute`` names."""
    module, _colon, attribute = source.partition(":")
    return cast("click.Command", getattr(importlib.import_module(module), attribute))


class _WithVerbs(click.Group):
    """A group whose further verbs, living in the server's code, load when they are called."""

    def __init__(self, name: str, entry: Entry) -> None:
        own = cast("click.Group", load(entry.source)) if exists(entry.source) else None
        super().__init__(name, own.commands if own else {}, help=own.help if own else entry.help)
        self._verbs = {verb: source for verb, source in entry.verbs.items() if exists(source)}
        self._later = entry.later

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every verb of the group, wherever it lives."""
        return sorted({*self.commands, *self._verbs, *self._later})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """One verb; those of the server's code set Django up first."""
        if cmd_name in self._verbs:
            django_setup()
            return load(self._verbs[cmd_name])
        if cmd_name in self._later:
            return load(self._later[cmd_name])
        return super().get_command(ctx, cmd_name)


class LazyGroups(click.Group):
    """The top level: knows every group's name and help line, imports only the one that is asked."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The groups of this installation, in the table's order."""
        return [
            name
            for name, entry in COMMANDS.items()
            if any(map(exists, (entry.source, *entry.verbs.values())))
        ]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one group; None (click then reports wrong usage) when there is none."""
        entry = COMMANDS.get(cmd_name)
        if entry is None or not any(map(exists, (entry.source, *entry.verbs.values()))):
            return None
        if entry.django:
            django_setup()
        return _WithVerbs(cmd_name, entry) if entry.verbs or entry.later else load(entry.source)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help lines from the table, so that ``sonae --help`` imports nothing."""
        rows = [(name, COMMANDS[name].help) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


@click.group(cls=LazyGroups, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sonae")
def app() -> None:
    """Sonae（備え）: 最初の警報から、最後の一人の安否が分かるまで。"""


def _complain(error: SonaeError) -> None:
    sys.stderr.write(json.dumps(error.record(), ensure_ascii=False) + "\n")


def main(args: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    try:
        status = app.main(args=args, prog_name="sonae", standalone_mode=False)
        sys.stdout.flush()
        sys.exit(status if isinstance(status, int) else 0)
    except SonaeError as error:
        _complain(error)
        sys.exit(1)
    except click.ClickException as error:
        usage.show(error)
        sys.exit(error.exit_code)
    except click.exceptions.Abort:
        sys.exit(130)
