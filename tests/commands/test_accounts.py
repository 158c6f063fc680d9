"""``sonae accounts``, ``sonae people list`` and ``sonae audit`` keep to their contracts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click import Command
from click.testing import CliRunner, Result

from sonae.core.chain import Head
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.identity import interface as identity
from sonae.domains.identity.interface import Account
from sonae.domains.municipalities.interface import Municipality, forget_serving
from sonae.platform import audit
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.web.commands.accounts import group as accounts
from sonae.web.commands.audit import group as audits
from sonae.web.commands.people import list_people
from tests.fixtures import CODE, City

EMAIL, PASSWORD = "officer@city.example.jp", "correct horse battery"


def run(command: Command, *arguments: str, typed: str = "") -> tuple[Result, list[dict[str, Any]]]:
    result = CliRunner().invoke(command, [*arguments, "--format", "jsonl"], input=typed)
    return result, [json.loads(line) for line in result.stdout.splitlines()]


def refusal(result: Result) -> str:
    assert result.exit_code == 1
    return str(json.loads(result.stderr.splitlines()[0])["error"])


def test_an_account_is_made_once(city: City) -> None:
    done, rows = run(
        accounts, "add", "--email", EMAIL, "--password", PASSWORD, "--role", "operator"
    )
    assert done.exit_code == 0
    made = Account.objects.get()
    assert rows == [{"account": made.pk, "email": EMAIL, "role": "operator"}]
    assert made.check_password(PASSWORD)
    assert made.municipality == CODE
    again, rows = run(accounts, "add", "--email", EMAIL.upper(), "--password", PASSWORD)
    assert rows == []
    assert refusal(again) in ("conflict", "unreadable")
    assert Account.objects.count() == 1


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--email", "no address", "--password", PASSWORD, "--role", "viewer"], "bad_email"),
        (["--email", EMAIL, "--password", "short", "--role", "viewer"], "weak_password"),
        (["--email", EMAIL, "--password", "password1234", "--role", "viewer"], "weak_password"),
        (["--email", EMAIL, "--password", PASSWORD], "unreadable"),
        (["--email", EMAIL, "--password", PASSWORD, "--resident-id", "R999"], "not_found"),
    ],
)
def test_what_cannot_be_an_account_is_refused(city: City, arguments: list[str], error: str) -> None:
    done, rows = run(accounts, "add", *arguments)
    assert rows == []
    assert refusal(done) == error
    assert not Account.objects.exists()


def test_wrong_usage_is_two(city: City) -> None:
    assert run(accounts, "add", "--email", EMAIL)[0].exit_code == 2
    bad = run(accounts, "add", "--email", EMAIL, "--password", PASSWORD, "--role", "mayor")
    assert bad[0].exit_code == 2


def test_a_resident_account_opens_ones_own_page(city: City) -> None:
    taro = city.residents["備 太郎"]
    done, _rows = run(
        accounts, "add", "--email", EMAIL, "--password", "-", "--resident-id", taro.resident_id,
        typed=f"{PASSWORD}\n",
    )  # fmt: skip
    assert done.exit_code == 0, done.stderr
    made = Account.objects.get()
    assert (made.role, made.resident_pk) == ("resident", taro.pk)
    assert made.check_password(PASSWORD)


def test_password_close_and_list(city: City) -> None:
    account = identity.add_account(EMAIL, PASSWORD, Role.VIEWER, name="本部")
    done, _rows = run(accounts, "close", "--email", EMAIL)
    assert done.exit_code == 0
    done, rows = run(accounts, "list")
    assert rows == [
        {"account": account.pk, "email": EMAIL, "role": "viewer", "name": "本部", "active": False}
    ]
    fresh = "another good password"
    assert run(accounts, "password", "--email", EMAIL, "--password", fresh)[0].exit_code == 0
    account.refresh_from_db()
    assert account.is_active
    assert account.check_password(fresh)
    assert refusal(run(accounts, "close", "--email", "x@example.jp")[0]) == "not_found"
    missing = run(accounts, "password", "--email", "x@example.jp", "--password", fresh)
    assert refusal(missing[0]) == "not_found"
    acts = list(AuditEntry.objects.order_by("sequence").values_list("action", flat=True))
    assert acts[-3:] == ["account_added", "account_closed", "password_set"]


def test_people_are_listed_without_the_shielded_and_on_record(city: City) -> None:
    done, rows = run(list_people)
    assert done.exit_code == 0
    assert len(rows) == 11
    assert list(rows[0]) == [
        "resident_id", "household_id", "name", "kana", "birth_date", "address",
    ]  # fmt: skip
    assert "佐藤 守" not in {row["name"] for row in rows}
    assert AccessEvent.objects.filter(decision="permit").count() == 11
    _done, rows = run(list_people, "--limit", "2")
    assert [row["resident_id"] for row in rows] == ["R0011", "R0012"]


def test_the_audit_is_verified_and_a_break_is_named(city: City) -> None:
    for n in range(3):
        audit.record("account:1", "did", str(n))
    done, rows = run(audits, "verify")
    assert done.exit_code == 0
    head = rows[0]["head"]
    assert rows == [
        {"municipality": CODE, "records": AuditEntry.objects.count(), "head": str(audit.head(CODE))}
    ]
    assert run(audits, "verify", "--kept", head)[0].exit_code == 0
    assert run(audits, "verify", "--kept", "nonsense")[0].exit_code == 2
    AuditEntry.objects.order_by("-sequence")[0].delete()
    assert run(audits, "verify")[0].exit_code == 0
    assert refusal(run(audits, "verify", "--kept", head)[0]) == "audit_cut"
    AuditEntry.objects.filter(action="did").update(actor="account:2")
    broken, _rows = run(audits, "verify")
    assert refusal(broken) == "audit_broken"
    said = json.loads(broken.stderr.splitlines()[0])
    first = AuditEntry.objects.filter(action="did").order_by("sequence")[0]
    assert said["detail"].startswith(f"{first.sequence}番の記録")
    assert "account:2、did" in said["hint"]


def test_an_exported_audit_is_verified_without_the_database(city: City, tmp_path: Path) -> None:
    for n in range(4):
        audit.record("account:1", "did", str(n))
    text = CliRunner().invoke(audits, ["export"]).stdout
    file = tmp_path / "audit.jsonl"
    file.write_text(text, "utf-8")
    count, head = AuditEntry.objects.count(), str(audit.head(CODE))
    AuditEntry.objects.all().delete()
    done, rows = run(audits, "verify", str(file), "--kept", head)
    assert done.exit_code == 0
    assert rows == [{"input": str(file), "records": count, "head": head}]
    lines = text.splitlines()
    *before, third, last = lines
    for broken in (
        [*before, last], [*before, third.replace("account:1", "account:2"), last],
        [*before, "{}", third, last], [*before, "]", last], [*before, last, third],
    ):  # fmt: skip
        assert refusal(run(audits, "verify", "-", typed="\n".join(broken))[0]) == "audit_broken"
    short = "\n".join(lines[:-1])
    assert run(audits, "verify", "-", typed=short)[0].exit_code == 0
    assert refusal(run(audits, "verify", "-", "--kept", head, typed=short)[0]) == "audit_cut"
    noted = Head(json.loads(lines[0])["sequence"], json.loads(lines[0])["hash"])
    rest = "\n".join(lines[1:])
    assert refusal(run(audits, "verify", "-", typed=rest)[0]) == "audit_broken"
    assert run(audits, "verify", "-", "--after", str(noted), typed=rest)[0].exit_code == 0
    assert run(audits, "verify", "--after", str(noted))[0].exit_code == 2


@pytest.mark.django_db
def test_without_a_city_every_command_says_what_to_do() -> None:
    forget_serving()
    Municipality.objects.all().delete()
    for command in (accounts, audits, list_people):
        arguments = [] if command is list_people else ["list" if command is accounts else "verify"]
        result = CliRunner().invoke(command, arguments)
        assert "no_municipality" in str(result.exception)
