"""Access tokens: as their account and no more, until they are over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.identity import interface as identity
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from tests.fixtures import ADMINISTRATOR, OPERATOR, City

PASSWORD = "kawa-no-mizu-7"


@pytest.fixture
def viewer(city: City) -> str:
    return identity.add_account("gis@example.jp", PASSWORD, Role.VIEWER, name="情報課").email


def test_a_token_opens_its_scope_as_its_account(viewer: str) -> None:
    made, token = identity.issue_token(viewer, "QGIS", ["ogc.read"], 30, actor=ADMINISTRATOR)
    assert token not in str(made.__dict__), "only its hash is kept"
    actor = identity.token_actor(token, "ogc.read")
    assert actor is not None and actor.role is Role.VIEWER and actor.name == "情報課"
    assert identity.token_actor(token, "scim.read") is None
    assert identity.token_actor(token + "x", "ogc.read") is None
    assert identity.token_actor("", "ogc.read") is None
    assert identity.access_tokens()[0].used_at is not None
    assert AuditEntry.objects.filter(action="token_issued").count() == 1


def test_a_token_ends_by_time_by_hand_and_with_its_account(viewer: str) -> None:
    made, token = identity.issue_token(viewer, "a", ["ogc.read"], 1)
    made.expires_at = clock.SystemClock().now() - timedelta(seconds=1)
    made.save()
    assert identity.token_actor(token, "ogc.read") is None
    made, token = identity.issue_token(viewer, "b", ["ogc.read"], 1)
    identity.revoke_token(made.pk, actor=ADMINISTRATOR)
    assert identity.token_actor(token, "ogc.read") is None
    with pytest.raises(SonaeError, match="not_found"):
        identity.revoke_token(made.pk)
    made, token = identity.issue_token(viewer, "c", ["ogc.read"], 1)
    identity.close_account(ADMINISTRATOR, made.account.pk)
    assert identity.token_actor(token, "ogc.read") is None


@pytest.mark.parametrize(
    ("scopes", "days"), [([], 30), (["ogc.write"], 30), (["ogc.read"], 0), (["ogc.read"], 4000)]
)
def test_what_is_no_token_is_refused(viewer: str, scopes: list[str], days: int) -> None:
    with pytest.raises(SonaeError, match="unreadable"):
        identity.issue_token(viewer, "x", scopes, days)


def test_residents_strangers_and_operators_get_none(city: City, viewer: str) -> None:
    someone = city.residents["備 太郎"]
    identity.add_account("taro@example.jp", PASSWORD, Role.RESIDENT, resident_pk=someone.pk)
    with pytest.raises(SonaeError, match="住民"):
        identity.issue_token("taro@example.jp", "x", ["ogc.read"], 30)
    with pytest.raises(SonaeError, match="not_found"):
        identity.issue_token("nobody@example.jp", "x", ["ogc.read"], 30)
    with pytest.raises(SonaeError, match="forbidden"):
        identity.issue_token(viewer, "x", ["ogc.read"], 30, actor=OPERATOR)
    with pytest.raises(SonaeError, match="forbidden"):
        identity.revoke_token(1, actor=OPERATOR)
