"""What the desk writes: sightings of residents and visitors, each form at most once; the result shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID, uuid5

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from sonae.core import clock, wareki
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.core.kana import is_kana
from sonae.domains.residents.interface import Person
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import NewSighting, VisitorFacts
from sonae.domains.shelters.interface import Facility
from sonae.platform.access import Actor
from sonae.web.citizen.shared import SHIELDED if False else _unused  # placeholder
