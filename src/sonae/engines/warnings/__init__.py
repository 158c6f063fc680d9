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
from sonae.engines.warnings.state import in_force

__all__ = [
    "Change",
    "Forecast",
    "InForce",
    "Warning",
    "WarningArea",
    "WarningItem",
    "WarningRefused",
    "difference",
    "in_force",
    "read",
    "read_all",
    "split",
]
