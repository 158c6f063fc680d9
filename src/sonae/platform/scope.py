"""Whose data and which world: the one code path that sets the tenant.

Every row belongs to a municipality (全国地方公共団体コード, 6 digits, text), and every row of an
operation belongs to a world: ``live`` or ``exercise``. Managers of `platform.scoped` filter by the
scope set here, so a query outside a scope is an error and never "everything".
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum

from sonae.core.errors import SonaeError


class World(StrEnum):
    """The two worlds: what really happens, and the exercise (訓練) that can reach nobody."""

    LIVE = "live"
    EXERCISE = "exercise"


@dataclass(frozen=True)
class Scope:
    """The municipality (6-digit code) and the world that queries see and rows are written to."""

    municipality: str
    world: World


EVERY = "*"
_current: ContextVar[Scope | None] = ContextVar("sonae_scope", default=None)
_widened: ContextVar[bool] = ContextVar("sonae_scope_widened", default=False)


def in_force() -> Scope | None:
    """Return the scope in force, or None outside any (health checks, a server without a city)."""
    return _current.get()


def current() -> Scope:
    """Return the scope in force; `SonaeError('no_scope')` when none was entered."""
    scope = _current.get()
    if scope is None:
        raise SonaeError("no_scope", "No municipality is selected for this work.")
    return scope


def current_municipality() -> str:
    """Return the 6-digit code of the municipality in force (default of every tenant column)."""
    return current().municipality


def current_world() -> str:
    """Return the world in force as text (default of every world column)."""
    return current().world.value


def is_exercise() -> bool:
    """Return whether the work at hand belongs to the exercise world."""
    return current().world is World.EXERCISE


@contextmanager
def bound(scope: Scope) -> Iterator[Scope]:
    """Set the scope only; use `platform.worlds.entered`, which also sets the world's clock."""
    token, wide = _current.set(scope), _widened.set(False)
    try:
        yield scope
    finally:
        _widened.reset(wide)
        _current.reset(token)


@contextmanager
def every_municipality() -> Iterator[None]:
    """Let the database show every city's rows: for what a server does for all, as its queue.

    Only PostgreSQL guards the rows itself (`platform.postgresql`); queries say ``everywhere`` as well.
    """
    token = _widened.set(True)
    try:
        yield
    finally:
        _widened.reset(token)


def visible() -> str:
    """Return whose rows the database may show: a 6-digit code, `EVERY`, or "" for nobody's."""
    scope = _current.get()
    return EVERY if _widened.get() else scope.municipality if scope else ""
