"""``sonae people pfif``: a dry run first, whole or nothing, and only those who agreed go out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sonae.domains.exchange import interface as exchange
from sonae.domains.exchange.interface import PfifRecord
from sonae.engines.pfif import reading
from sonae.engines.pfif.model import Record
from sonae.platform.access import Role
from sonae.web.commands.pfif import group
from tests.conftest import real_data
from tests.domains.exchange.test_pfif_in_out import document, note, person
from tests.fixtures import City, actor

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> Result:
    return CliRunner().invoke(group, list(arguments))


def test_nothing_changes_until_confirmed(city: City, tmp_path: Path) -> None:
    file = tmp_path / "a.xml"
    file.write_bytes(document((person(photo_url="https://a.example/1.jpg"), [note()])))
    first = run("import", str(file), "--format", "jsonl")
    assert first.exit_code == 0
    assert "まだ何も変えていません" in first.stderr
    assert not PfifRecord.objects.exists()
    [told] = [json.loads(line) for line in first.stdout.splitlines()]
    assert (told["problem"], told["action"], told["record"]) == ("photo", "dropped", "a.example/1")
    assert run("import", str(file), "--confirm").exit_code == 0
    assert PfifRecord.objects.count() == 2


def test_a_real_file_with_one_accepted_domain(city: City) -> None:
    file = real_data("people", "pfif", "test.pfif-1.2-badrecord.xml")
    done = run("import", str(file), "--domain", "test.google.com", "--confirm", "--format", "jsonl")
    assert [json.loads(line)["problem"] for line in done.stdout.splitlines()].count(
        "other_domain"
    ) == 1
    assert PfifRecord.objects.filter(kind="person").count() == 1


def test_a_bad_file_is_one_refusal(city: City, tmp_path: Path) -> None:
    file = tmp_path / "bad.xml"
    file.write_bytes(b'<!DOCTYPE x [<!ENTITY y "z">]><x/>')
    done = run("import", str(file), "--confirm", "--format", "jsonl")
    assert done.exit_code == 1
    refusal = json.loads(done.stderr.splitlines()[0])
    assert refusal["error"] == "doctype"
    assert not PfifRecord.objects.exists()


def test_only_who_agreed_goes_out(city: City) -> None:
    for name in ("備 太郎", "佐藤 守"):
        pk = city.residents[name].pk
        exchange.choices.choose(actor(Role.RESIDENT, 9, pk), pk, {"public": "more"})
    done = run("export", "--domain", "city.example.jp")
    found = [one for one in reading.read(io.BytesIO(done.stdout_bytes)) if isinstance(one, Record)]
    assert [one.fields["full_name"] for one in found] == ["備 太郎"]
    assert "備 太郎" in run("export", "--domain", "city.example.jp", "--form", "csv").stdout
    assert run("expire").exit_code == 0
