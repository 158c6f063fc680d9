"""tools/: the catalogues, the throw-away database, and the runner of benchmarks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polib
import pytest

from tests.conftest import ROOT
from tools import messages, postgres

TEMPLATE = """{% load i18n %}
<h1>{% translate "避難所一覧" %}</h1> {# {% translate "注釈" %} #}
<a title="{% trans '安否' context 'button' %}">{{ _("津波") }}</a>
{% blocktranslate count n=people %}{{ n }}人が未確認{% plural %}{{ n }}人が未確認です{% endblocktranslate %}
{% blocktranslate trimmed %}
  命を守る
  行動を{% endblocktranslate %}
"""
PYTHON = """
from django.utils.translation import gettext as _, gettext_lazy as lazy, ngettext, pgettext
A = lazy("洪水")
def f(n, name):
    _("警戒レベル%(level)d") % {"level": n}
    _(name)
    return ngettext("%(n)d件", "%(n)d件ある", n), pgettext("状態", "開設"), "印なし", _("津波")
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    (tmp_path / "app/templates").mkdir(parents=True)
    (tmp_path / "app/templates/page.html").write_text(TEMPLATE, "utf-8")
    (tmp_path / "app/views.py").write_text(PYTHON, "utf-8")
    (tmp_path / "app/migrations").mkdir()
    (tmp_path / "app/migrations/0001.py").write_text('_("表の名")', "utf-8")
    return tmp_path / "app"


def test_every_way_of_saying_a_sentence_is_found(source: Path) -> None:
    found = messages.extracted(source)
    assert set(found) == {
        (None, "避難所一覧", None),
        ("button", "安否", None),
        (None, "津波", None),
        (None, "%(n)s人が未確認", "%(n)s人が未確認です"),
        (None, "命を守る 行動を", None),
        (None, "洪水", None),
        (None, "警戒レベル%(level)d", None),
        (None, "%(n)d件", "%(n)d件ある"),
        ("状態", "開設", None),
    }
    assert found[(None, "津波", None)].files == {"templates/page.html", "views.py"}


def test_merging_adds_keeps_and_drops(source: Path) -> None:
    book = polib.POFile()
    book.metadata = {"Plural-Forms": messages.LANGUAGES["en"]}
    book.append(polib.POEntry(msgid="洪水", msgstr="Flood"))
    book.append(polib.POEntry(msgid="もう言わない", msgstr="No longer said"))
    found = messages.extracted(source)
    assert messages.merge(book, found) == (len(found) - 1, 1)
    assert messages.merge(book, found) == (0, 0)
    by_text = {entry.msgid: entry for entry in book}
    assert by_text["洪水"].msgstr == "Flood"
    assert by_text["避難所一覧"].msgstr == ""
    assert by_text["%(n)d件"].msgstr_plural == {0: "", 1: ""}
    assert by_text["警戒レベル%(level)d"].flags == ["python-format"]
    assert all(not line for entry in book for _file, line in entry.occurrences)


def test_what_is_empty_or_guessed_is_missing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LOCALES", tmp_path / "locale")
    found = messages.extracted(source)
    assert len(messages.missing("en", found)) == len(found)
    book = messages.catalogue("en")
    messages.merge(book, found)
    entries = {entry.msgid: entry for entry in book}
    entries["洪水"].msgstr = "Flood"
    entries["避難所一覧"].msgstr, entries["避難所一覧"].flags = "Shelters", ["fuzzy"]
    Path(book.fpath).parent.mkdir(parents=True)
    book.save()
    lacking = {sentence.text for sentence in messages.missing("en", found)}
    assert "洪水" not in lacking
    assert "避難所一覧" in lacking
    assert len(lacking) == len(found) - 1


def test_catalogues_are_compiled_when_they_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "LOCALES", tmp_path / "locale")
    book = messages.catalogue("ja_X-easy")
    book.append(polib.POEntry(msgid="避難", msgstr="にげる"))
    Path(book.fpath).parent.mkdir(parents=True)
    book.save()
    assert messages.compile_all() == 1
    assert messages.compile_all() == 0
    binary = Path(book.fpath).with_suffix(".mo")
    assert polib.mofile(str(binary)).find("避難").msgstr == "にげる"
    os.utime(binary, (0, 0))
    assert messages.compile_all() == 1


@pytest.mark.parametrize("arguments", [[], ["nope"], ["extract", "x"]])
def test_wrong_usage_of_messages_is_2(arguments: list[str]) -> None:
    assert messages.main(arguments) == 2


def available() -> bool:
    try:
        postgres.binaries()
    except postgres.UnavailableError:
        return False
    return True


needs_server = pytest.mark.skipif(not available(), reason="no PostgreSQL server is installed")


@needs_server
def test_a_throw_away_database_answers_and_is_gone_afterwards() -> None:
    psycopg = pytest.importorskip("psycopg")
    with postgres.server() as address:
        assert address.startswith("postgres://sonae@")
        host = address.split("@")[1].split("/")[0].replace("%2f", "/")
        with psycopg.connect(host=host, user="sonae", dbname="postgres") as connection:
            version = connection.execute("show server_version_num").fetchone()
            encoding = connection.execute("show server_encoding").fetchone()
        assert int(version[0]) >= 150000
        assert encoding == ("UTF8",)
        assert Path(host).exists()
    assert not Path(host).exists()


@needs_server
def test_the_commands_status_is_passed_on() -> None:
    code = (
        "import os, sys; sys.exit(7 if os.environ['SONAE_DATABASE'].startswith('postgres') else 1)"
    )
    done = subprocess.run([sys.executable, ROOT / "tools/postgres.py", sys.executable, "-c", code])
    assert done.returncode == 7


def test_without_a_server_the_reason_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> Path:
        raise postgres.UnavailableError("no PostgreSQL server is installed")

    monkeypatch.setattr(postgres, "binaries", none)
    assert postgres.main(["true"]) == 0
    assert capsys.readouterr().out == "skipped: no PostgreSQL server is installed\n"
    assert postgres.main([]) == 2


def test_benchmarks_are_run_by_name_and_failures_are_told(tmp_path: Path) -> None:
    runner = tmp_path / "benchmarks" / "run_all.py"
    runner.parent.mkdir()
    runner.write_text((ROOT / "benchmarks/run_all.py").read_text("utf-8"), "utf-8")
    (runner.parent / "good.py").write_text("print('ratio 1.2')")
    (runner.parent / "bad.py").write_text("raise SystemExit(3)")
    (runner.parent / "_shared.py").write_text("raise SystemExit('not a benchmark')")

    def run(*names: str) -> tuple[int, str]:
        done = subprocess.run([sys.executable, runner, *names], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    status, shown = run("good")
    assert (status, "ratio 1.2" in shown, "bad" in shown) == (0, True, False)
    status, shown = run()
    assert (status, "failed: bad" in shown, "_shared" in shown) == (1, True, False)
    status, shown = run("nope")
    assert (status, "good" in shown) == (2, True)
