"""What a service reads of a person (UserInfo): decided by consent each time, and on the person's record."""

from __future__ import annotations

from typing import Any, Final

from sonae.domains.municipalities.interface import municipality
from sonae.domains.openid import rules, using
from sonae.domains.openid.models import ServiceLogin
from sonae.domains.residents.interface import AssistanceRegistrant, Resident

_GENDER: Final = {"1": "male", "2": "female"}


def userinfo(row: ServiceLogin, scope: str) -> dict[str, Any]:
    """Return the claims of a sign-in that consent, law and phase allow now; ``sub`` always.

    Claims that are not known are left out, as those that may not be told.
    """
    person = Resident.objects.select_related("household__town").get(pk=row.subject)
    kinds = rules.kinds_of(scope, row.asked_for.get("claims", ()))
    told: dict[str, Any] = {"sub": row.sub}
    if not kinds:
        return told
    made = using.decided(row.service, person, kinds, row.occasion, recorded=True)
    for claim, kind in rules.CLAIMS.items():
        if kind in made.fields and (value := _value(person, kind)):
            told[claim] = value
    if "email" in told:
        told["email_verified"] = False
    if "phone_number" in told:
        told["phone_number_verified"] = False
    return told


def _value(person: Resident, kind: str) -> Any:
    """Return one kind of data as its claim has it, empty when it is not known."""
    if kind == "birth_date":
        return rules.birthdate(person.birth_date)
    if kind == "sex":
        return _GENDER.get(person.sex, "")
    if kind == "needs":
        row = AssistanceRegistrant.objects.filter(resident=person).first()
        return row.reason if row else ""
    if kind == "address":
        return _address(person)
    return {"name": person.name, "kana": person.kana, "phone": person.phone, "email": person.email}[
        kind
    ]


def _address(person: Resident) -> dict[str, str]:
    """Return the address in the parts of OpenID Connect Core 5.1.1."""
    city, home = municipality(), person.household
    street = f"{home.town.name}{home.address}"
    return {
        "formatted": f"{city.prefecture}{city.name}{street}", "street_address": street,
        "locality": city.name, "region": city.prefecture, "country": "JP",
    }  # fmt: skip
