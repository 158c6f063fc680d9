"""Accounts: made once, with a good password, by role; acting as someone."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sonae.core.errors import SonaeError
from sonae.domains.identity import interface as identity
from sonae.platform import audit
from sonae.platform.access import Role
from sonae.web.commands.accounts import group
from sonae.web.commands.people import list_people
from tests.fixtures import ADMINISTRATOR, CODE, City

pytestmark = pytest.mark.django_db
GOOD = "natsu-no-yuki-7"


def test_an_account_acts_in_its_role(city: City) -> None:
    made = identity.add_account("Op@Example.jp", GOOD, Role.OPERATOR, name="当直")
    assert made.email == "op@example.jp"
    assert made.check_password(GOOD)
    actor = identity.actor_for("op@example.jp")
    assert actor is not None
    assert (actor.role, actor.name, actor.id) == (Role.OPERATOR, "当直", f"account:{made.pk}")
    assert identity.actor_for("nobody@example.jp") is None
    assert audit.verify(CODE) is None


@pytest.mark.parametrize(
    ("email", "password", "role"),
    [("not-an-address", GOOD, Role.VIEWER), ("a@example.jp", "short", Role.VIEWER),
     ("a@example.jp", "password1234567890"[:10], Role.VIEWER), ("a@example.jp", GOOD, Role.RESIDENT)],
)  # fmt: skip
def test_bad_accounts_are_refused_with_a_reason(
    city: City, email: str, password: str, role: Role
) -> None:
    with pytest.raises(SonaeError) as error:
        identity.add_account(email, password, role)
    assert error.value.detail
    assert identity.accounts() == []


def test_an_address_has_one_account_and_a_closed_one_cannot_sign_in(city: City) -> None:
    made = identity.add_account("a@example.jp", GOOD, Role.VIEWER)
    with pytest.raises(SonaeError) as error:
        identity.add_account("A@example.jp", GOOD, Role.OPERATOR)
    assert error.value.code == "conflict"
    identity.close_account(ADMINISTRATOR, made.pk)
    made.refresh_from_db()
    assert not made.is_active


def test_commands_for_operators_of_the_machine(city: City) -> None:
    run = CliRunner().invoke
    rows = [
        "--email",
        "r@example.jp",
        "--password",
        GOOD,
        "--resident-id",
        "R0011",
        "--format",
        "jsonl",
    ]
    made = run(group, ["add", *rows])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["role"] == "resident"
    unknown = run(
        group,
        [
            "add",
            "--email",
            "x@example.jp",
            "--password",
            GOOD,
            "--resident-id",
            "NO",
            "--format",
            "jsonl",
        ],
    )
    assert unknown.exit_code == 1
    assert json.loads(unknown.stderr)["error"] == "not_found"
    listed = run(group, ["list", "--format", "jsonl"])
    assert [json.loads(line)["email"] for line in listed.stdout.splitlines()] == ["r@example.jp"]
    people = run(list_people, ["--limit", "2", "--format", "jsonl"])
    first = json.loads(people.stdout.splitlines()[0])
    assert set(first) == {"resident_id", "household_id", "name", "kana", "birth_date", "address"}
    assert len(people.stdout.splitlines()) == 2
