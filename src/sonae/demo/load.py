"""Writing the demo city into the database, through the domains' own verbs."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import connection

from sonae.core.errors import SonaeError
from sonae.demo.city import DemoCity
from sonae.demo.frame import CITY_AREA, CODE, FORECAST_AREA, PREFECTURE_AREA, RIVER_AREA
from sonae.demo.people import Register
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.hazards import interface as hazards
from sonae.domains.identity import interface as identity
from sonae.domains.municipalities import interface as municipalities
from sonae.domains.municipalities.interface import Municipality, Town, forget_serving
from sonae.domains.residents import interface as residents
from sonae.domains.residents.interface import Resident
from sonae.domains.shelters import interface as shelters
from sonae.domains.shelters.interface import FacilityRow
from sonae.platform import worlds
from sonae.platform.access import Role
from sonae.platform.db import writing
from sonae.platform.scope import World
from sonae.platform.scoped import ScopedModel, TenantModel

Step = Callable[[str], None]

FACTS: dict[str, Any] = {
    "name": "備え市",
    "kana": "ソナエシ",
    "name_en": "Sonae City",
    "prefecture": "そなえ県",
    "warning_areas": {
        "city": [CITY_AREA],
        "area": [FORECAST_AREA],
        "prefecture": [PREFECTURE_AREA],
        "river": [RIVER_AREA],
        "tsunami_area": [],
    },
    "is_demo": True,
}
PASSWORD = "sonae-demo-2026"  # noqa: S105 - printed for everyone: the city is invented
STAFF = (
    ("viewer", Role.VIEWER, "閲覧 美咲"),
    ("reception", Role.RECEPTION, "受付 健太"),
    ("operator", Role.OPERATOR, "当直 直樹"),
    ("approver", Role.APPROVER, "市長 和子"),
    ("administrator", Role.ADMINISTRATOR, "管理 誠"),
)
DOMAIN = "sonae.example"


_KEPT = ("platform.auditentry", "consent.accessevent")
"""What outlives an exercise: what was done, and who looked at whom."""


def _own_models() -> list[type[Any]]:
    """Return every table with rows of a municipality, those that point at others first."""
    models = [m for m in apps.get_models() if issubclass(m, TenantModel | ScopedModel)]
    return models[::-1]


def remove(code: str) -> None:
    """Remove a demo municipality with everything that belongs to it; refused for a real one."""
    row = Municipality.objects.filter(code=code).first()
    if row is None:
        return
    if not row.is_demo:
        raise SonaeError("conflict", f"{row.name}は実在の市として登録されています。消しません。")
    with worlds.entered(code), writing():
        identity.Account.objects.filter(municipality=code).delete()
        for model in _own_models():
            _empty(model, code)
        row.delete()
    for kind in ("hazards", "networks"):
        shutil.rmtree(Path(settings.HOME) / kind / code, ignore_errors=True)
    forget_serving()


def _empty(model: type[Any], code: str, **world: str) -> None:
    """Delete a table's rows of the municipality, with the rows of tables that hang on them."""
    rows = model.everywhere.filter(municipality=code, **world)
    for relation in model._meta.related_objects:
        child = relation.related_model
        if not issubclass(child, TenantModel | ScopedModel):
            child._base_manager.filter(**{f"{relation.field.name}__in": rows})._raw_delete(
                "default"
            )
    for field in model._meta.local_many_to_many:
        through = getattr(model, field.name).through
        through._base_manager.filter(**{f"{model._meta.model_name}__in": rows})._raw_delete(
            "default"
        )
    rows._raw_delete("default")


def empty_world(code: str, world: World) -> None:
    """Remove everything of one world of a demo municipality; the live world of a real one never."""
    row = Municipality.objects.get(code=code)
    if world is World.LIVE and not row.is_demo:
        raise SonaeError("conflict", "本番の記録は消せません。")
    with worlds.entered(code, world), writing():
        for model in _own_models():
            if issubclass(model, ScopedModel) and model._meta.label_lower not in _KEPT:
                _empty(model, code, world=world.value)


def create(city: DemoCity, *, step: Step = lambda _: None) -> None:
    """Write the city: municipality, towns, register, facilities, hazards, network, accounts."""
    step("前のデモを片づける")
    remove(CODE)
    step("町字")
    _towns(city)
    with worlds.entered(CODE):
        step("住民")
        load_register(city.register)
        step("避難先")
        _facilities(city)
        step("ハザード情報")
        for layer in city.layers:
            hazards.register_layer(layer)
        step("歩行者ネットワーク")
        evacuation.load_network(city.network)
        step("アカウント")
        add_accounts()
        step("検索の準備")
        residents.population()
        _analyze()


def _towns(city: DemoCity) -> None:
    """Write the municipality and its towns."""
    towns = city.towns
    centre = {"latitude": float(towns.lat[0]), "longitude": float(towns.lon[0])}
    municipalities.load_municipality(
        CODE,
        {**FACTS, **centre},
        {
            "code": towns.code,
            "name": towns.name,
            "kana": towns.kana,
            "district": towns.district,
            "latitude": towns.lat.tolist(),
            "longitude": towns.lon.tolist(),
        },
    )


def _town_keys() -> list[int]:
    """Return the towns' primary keys in the order of the generated list."""
    return list(Town.objects.order_by("code").values_list("pk", flat=True))


def load_register(register: Register) -> None:
    """Write households and residents of the municipality in force."""
    keys = _town_keys()
    homes = dict(register.households)
    homes["town_id"] = [keys[at] for at in homes.pop("town")]
    residents.load_register(homes, register.residents, register.registrants)


def _facilities(city: DemoCity) -> None:
    """Write the facilities."""
    rows = [
        FacilityRow(
            place.public_id, place.name, place.latitude, place.longitude, kana=place.kana,
            address=city.towns.name[place.town], town_code=city.towns.code[place.town],
            hazards=place.hazards or None, site_capacity=place.site_capacity, is_shelter=place.is_shelter,
            shelter_capacity=place.shelter_capacity, restricted_to=place.restricted_to,
            usable=place.usable, usable_reason=place.usable_reason, pets=place.pets,
            step_free=place.step_free, wheelchair_toilet=place.wheelchair_toilet,
            source="備え市地域防災計画（架空）", source_date="2026-04-01",
        )
        for place in city.places
    ]  # fmt: skip
    shelters.load_facilities(rows)


def add_accounts() -> None:
    """Make one account per role, and two residents: one in danger of flood, one registered for help."""
    hashed = make_password(PASSWORD)
    for name, role, shown in STAFF:
        identity.add_account(f"{name}@{DOMAIN}", PASSWORD, role, name=shown, hashed=hashed)
    for number, one in enumerate(_account_holders(), start=1):
        if one is not None:
            identity.add_account(
                f"resident{number}@{DOMAIN}",
                PASSWORD,
                Role.RESIDENT,
                name=one.name,
                resident_pk=one.pk,
                hashed=hashed,
            )


def _account_holders() -> tuple[Resident | None, Resident | None]:
    """Return resident1, who lives on the ground, and resident2, who is registered for help."""
    adults = Resident.objects.filter(shielded=False, birth_date__lt="1990")
    adults = adults.select_related("household").order_by("pk")
    plain = adults.filter(assistanceregistrant=None, household__storeys=1).first()
    return plain, adults.filter(assistanceregistrant__isnull=False).first()


def _analyze() -> None:
    """Let the database count its rows, so that it picks the right indexes from the first query."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def accounts_text() -> str:
    """Return who can sign in to the demo city, for the terminal."""
    names = [*(name for name, _, _ in STAFF), "resident1", "resident2"]
    lines = [f"  {name}@{DOMAIN}" for name in names]
    return "\n".join(
        [
            f"ログインできる人（パスワードはすべて {PASSWORD} ）",
            *lines,
            "まず試すこと：",
            "  operator で /staff/（災害対策本部）にログインし、"
            + (
                "「訓練」で再生を押す（72時間が数分で進む）"
                if municipalities.serving_code() == CODE
                else "「避難先」と「警報」を見る（72時間の再生は、備え市だけ）"
            ),
            "  resident1 で /me/（わたしの避難）にログインする。ログインなしなら「避難先」で町をさがす",
            "  reception で /reception/（避難所の受付）にログインし、名前やカード番号をさがす"
            + _a_card(),
        ]
    )


def _a_card() -> str:
    """Return a card number to try at the reception: that of resident1's home."""
    code = municipalities.serving_code()
    if code is None:
        return ""
    with worlds.entered(code):
        one = _account_holders()[0]
        return f"（例：{one.household.card_code}、{one.name}）" if one else ""
