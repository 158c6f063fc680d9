"""Warnings from outside (気象庁XML, CAP, Lアラート) → one normal form and the state of series."""

from sonae.engines.warnings.changes import Change, difference
from sonae.engines.warnings.model import (
    Forecast,
    InForce,
    Warning,
    WarningArea,
    WarningItem,
    WarningRefused,
)
from sonae.engines.warnings.reader import read, read_all, split
from sonae.engines.warnings.state import DATED_AHEAD, ahead_of, dated_ahead, in_force

__all__ = [
    "DATED_AHEAD",
    "Change",
    "Forecast",
    "InForce",
    "Warning",
    "WarningArea",
    "WarningItem",
    "WarningRefused",
    "ahead_of",
    "dated_ahead",
    "difference",
    "in_force",
    "read",
    "read_all",
    "split",
]
