"""支援措置: every route that could tell of people reads the same whether one shielded person exists or not.

Two cities that differ in that one person alone, the same days in both, every address asked by whoever
the route is for: the answers are the same bytes. A route that is not covered fails the first test.
"""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client

from sonae.core import clock
from sonae.core.clock import FrozenClock
from sonae.domains.consent import interface as consent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.exchange.interface import NamePublication, SafetyRequest
from sonae.domains.identity import interface as identity
from sonae.domains.municipalities.interface import renew_register_version
from sonae.domains.residents.interface import RegisterEdition
from sonae.domains.rosters import interface as rosters
from sonae.domains.rosters.interface import MatchQuestion, RosterFacts, RosterLine
from sonae.domains.safety import interface as safety
from sonae.domains.safety import patrols
from sonae.domains.safety.interface import Visitor, VisitorFacts
from sonae.domains.shelters import interface as shelters
from sonae.platform import outbox
from sonae.platform.access import SYSTEM, Role, permits
from sonae.web import kept
from sonae.web.opendata.sets import SETS
from sonae.web.sheltering.names import SECTIONS
from sonae.web.sheltering.printing import FORMS
from tests import fixtures
from tests.domains.exchange.test_partners import enrolled
from tests.domains.exchange.test_pfif_in_out import document, note, person
from tests.domains.residents.test_editions import rows_now, table
from tests.domains.safety.test_ledger import sighting, warn
from tests.fixtures import APPROVER, OPERATOR, City
from tests.platform.test_access import ALL, Route, audiences_of

HIDDEN: Final = "佐藤 守"
APART: Final = {
    "accounts/": "one's own account",
    "home/": "leads on",
    "healthz": "the machine", "readyz": "the machine",
    "ogc/": "what there is; the tables themselves are asked", "opendata/": "the same tables",
    "feeds/": "messages to everybody", "map/": "the base map", "icon-": "a picture", "sw.js": "a script",
    "oauth/": "keys drawn by lot; people by `decide`, which gives a service nothing of them",
    "language/": "leads on", "manifest": "a file", "push/renew/": "a browser's own subscription",
    "u/": "a link's own address",
    "staff/warnings/": "telegrams", "staff/inputs/": "lines for telegrams", "staff/rules/": "rules",
    "staff/decision-rules/": "rules", "staff/calls/": "who of the staff was called",
    "staff/shelters/table/": "lists of facilities", "staff/network/": "streets",
    "staff/roads/": "streets", "staff/hazards/": "maps", "staff/exercise/": "the exercise",
    "staff/review/weights/": "weights",
    "api/v1/warnings": "telegrams", "api/v1/obstacles": "streets", "api/v1/keys": "keys",
    "api/v1/openapi": "the description", "api/v1/<": "no such address", "api/v1/$": "the description",
}  # fmt: skip
"""Routes that tell of no people, by their beginning, and of what they tell."""
DEEDS: Final = {
    "staff/capacity/<int:pk>/adopt/", "staff/capacity/<int:pk>/discard/", "staff/safety/calls/<str:person>/",
    "staff/people/<str:person>/<str:verb>/", "staff/patrol/<int:pk>/<str:verb>/",
    "staff/cards/<int:pk>/remove/", "staff/cards/window/<int:pk>/plan/<str:verb>/",
    "staff/orders/<int:pk>/<str:verb>/", "staff/messages/<int:pk>/notice/<str:verb>/",
    "staff/messages/<int:pk>/resend/<int:transmission>/", "staff/messages/<int:pk>/edit/",
    "staff/orders/<int:pk>/edit/", "staff/register/<int:pk>/<str:verb>/",
    "staff/register/roster/<int:pk>/<str:verb>/", "staff/rosters/<int:pk>/pictures/",
    "staff/rosters/<int:pk>/pictures/<int:file>.jpg", "staff/rosters/<int:pk>/columns/",
    "staff/rosters/<int:pk>/<str:verb>/", "staff/rosters/lines/<int:pk>/again/",
    "staff/review/<int:pk>/answer/", "staff/review/<int:pk>/keep/",
    "staff/inquiries/names/<int:pk>/<str:verb>/", "staff/inquiries/partners/<int:pk>/stop/",
    "staff/inquiries/pfif/<int:pk>/<str:verb>/", "staff/inquiries/<int:pk>/<str:verb>/",
    "staff/inquiries/<int:pk>/answer.pdf", "staff/shelters/<int:pk>/report/",
    "staff/review/agree/<uuid:link>/<str:verb>/", "reception/shelter/<int:pk>/meals/<int:meal>/",
    "staff/sharing/<int:pk>/<str:verb>/", "staff/settings/<str:verb>/",
    "api/v1/shelters/<shelter_id>/scans", "me/plan/<str:verb>/",
    "me/notices/<str:verb>/",
}  # fmt: skip
"""Addresses that do something when they are posted to and show nothing of their own."""
HEADS: Final = re.compile(
    r"/staff/|/staff/panels/(plan|orders)/|/staff/capacity/|/staff/orders/(\d+/)?|/api/v1/orders"
    r"|/ogc/collections/evacuation-orders/items"
)
"""Addresses on which stands how many people a plan or an order means: published population, beds and
buses, in which everybody counts (docs/decisions/0014). All else on them must be the same."""
ROLES: Final = (Role.OPERATOR, Role.APPROVER, Role.ADMINISTRATOR, Role.RECEPTION, Role.RESIDENT)


@dataclass
class Told:
    """A city after the same days: who asks, and the addresses of what is there."""

    clients: Mapping[Role | None, Client]
    addresses: Mapping[str, list[str]]
    headers: Mapping[str, Mapping[str, str]]
    posted: Sequence[tuple[str, Mapping[str, str]]]


def days(city: City) -> dict[str, Any]:
    """What happens in both cities: a flood, an order, people at shelters, lists with a name on them."""
    renew_register_version()
    warn(4)
    order = evacuation.draft_order(
        OPERATOR, level=4, hazard="landslide", towns=[city.towns["東町"].pk]
    )
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    outbox.drain()
    for place in ("F1", "F2"):
        shelters.set_state(OPERATOR, city.facilities[place].pk, "open")
    safety.record([
        sighting(city, "備 太郎", "F2"), sighting(city, "高橋 翔", None, "report", status="needs_help"),
        sighting(city, visitor=VisitorFacts("旅野 人", "タビノ ヒト", "1988-02-02", "遠い町")),
    ])  # fmt: skip
    if HIDDEN in city.residents:
        safety.report_self([city.residents[HIDDEN].pk], "safe", actor=SYSTEM)
    text = "氏名,ふりがな,性別,生年月日,住所\n佐藤　守,さとう まもる,男,1999/9/9,東町5番地\n"
    facts = RosterFacts("file", clock.now(), city.facilities["F1"].pk, name="名簿")
    roster = rosters.take_in(OPERATOR, text.encode(), "list.csv", facts).pk
    rosters.take_over(OPERATOR, roster)
    run = rosters.run_of(roster)
    assert run is not None
    rosters.work_out(run.pk)
    [sheet] = safety.make_sheets(OPERATOR, city.towns["東町"].pk)
    drafted = consent.declare_sharing(OPERATOR, "洪水", ["name", "address"], 24)
    consent.approve_sharing(APPROVER, drafted.pk)
    safety.unaccounted(OPERATOR, supporter="消防団")
    return {
        "order": order.pk,
        "sharing": drafted.pk,
        "roster": roster,
        "run": run.pk,
        "sheet": sheet.pk,
    }


def desk(city: City, made: Mapping[str, Any]) -> Told:
    """Who asks, what else they have begun, and every address of it."""
    taro = city.residents["備 太郎"]
    clients: dict[Role | None, Client] = {None: Client()}
    for role in ROLES:
        account = identity.add_account(
            f"{role.value}@example.jp", "natsu-no-yuki-7", role, name=role.value,
            resident_pk=taro.pk if role is Role.RESIDENT else None,
        )  # fmt: skip
        clients[role] = Client()
        clients[role].force_login(account)
    clerk, admin = clients[Role.OPERATOR], clients[Role.ADMINISTRATOR]
    clerk.post("/reception/choose/", {"facility": str(city.facilities["F1"].pk)})
    clerk.post("/staff/cards/", {"town": [str(city.towns["東町"].pk)], "purpose": "戸別訪問"})
    outbox.drain()
    rows = [one for one in rows_now() if one[2] == "備 太郎"]
    rows[0][8] = "090-0000-0000"
    daily = SimpleUploadedFile("daily.csv", table(rows))
    admin.post("/staff/register/upload/", {"file": daily, "purpose": "register", "kind": "daily"})
    ask = {"asker": "kin_household", "asker_name": "備 梅", "relation": "おば", "reason": "心配",
           "asker_contact": "090-1111-2222", "name": HIDDEN}  # fmt: skip
    family = clients[None].post("/inquiry/", ask)["Location"]
    clerk.post("/staff/inquiries/names/", {"title": "洪水"})
    publication = NamePublication.objects.get().pk
    clerk.post(f"/staff/inquiries/names/{publication}/check/", {"sure": "1"})
    second = identity.add_account("b@example.jp", "natsu-no-yuki-7", Role.APPROVER)
    for who in (clients[Role.APPROVER], Client()):
        if who not in clients.values():
            who.force_login(second)
        who.post(f"/staff/inquiries/names/{publication}/approve/")
    pfif = SimpleUploadedFile("a.xml", document((person(), [note()])))
    clerk.post("/staff/inquiries/pfif/", {"file": pfif, "source": "family"})
    partner, key = enrolled()
    terminal, token = safety.enrol_terminal("F1", "受付1")
    one = {name: row.pk for name, row in city.residents.items()}
    east, roster, run = city.towns["東町"].pk, made["roster"], made["run"]
    edition, asked_for = (
        RegisterEdition.objects.latest("pk").pk,
        SafetyRequest.objects.get().pk,
    )
    names, visitors = (
        NamePublication.objects.get().pk,
        list(Visitor.objects.values_list("pk", flat=True)),
    )
    typed = rosters.begin_typed(
        OPERATOR, RosterFacts("paper", clock.now(), city.facilities["F1"].pk)
    ).pk
    assert terminal and partner
    first = city.facilities["F1"].pk
    lines_of = [line.pk for line in RosterLine.objects.order_by("pk")]
    questions = [row.pk for row in MatchQuestion.objects.order_by("pk")]
    return Told(clients, {
        "staff/panels/<str:name>/": [f"/staff/panels/{name}/" for name in
                                     ("unaccounted", "curve", "plan", "shelters", "chronicle", "orders")],
        "staff/shelters/<int:pk>/": [f"/staff/shelters/{one.pk}/" for one in city.facilities.values()],
        "staff/shelters/<int:pk>/people/": [f"/staff/shelters/{first}/people/{at}" for at in ("", "?at=2030-01-01T00:00")],
        "staff/shelters/<int:pk>/people/post/": [f"/staff/shelters/{first}/people/post/"],
        "staff/shelters/<int:pk>/people/posted.pdf": [f"/staff/shelters/{first}/people/posted.pdf"],
        "staff/shelters/<int:pk>/people/roster.pdf": [f"/staff/shelters/{first}/people/roster.pdf"],
        "staff/shelters/<int:pk>/people/<str:kind>/": [f"/staff/shelters/{first}/people/{kind}/" for kind in ("csv", "xlsx")],
        "staff/people/<str:person>/family/": [f"/staff/people/{key}/family/" for key in
                                              (*(f"v{pk}" for pk in visitors), "r12")],
        "api/v1/exchange/requests/<key>": ["/api/v1/exchange/requests/00000000-0000-0000-0000-000000000000"],
        "staff/capacity/<int:pk>/": ["/staff/capacity/1/"], "staff/capacity/<int:pk>/progress/": ["/staff/capacity/1/progress/"],
        "staff/safety/": ["", f"?town={east}", "?need=other", "?zone=unknown", "?zone=inside", "?at=2030-01-01T00:00",
                          "?silent=6", f"?shelter={city.facilities['F2'].pk}", "?own=1"],
        "staff/safety/brigade/": ["?show=1", f"?show=1&town={east}"],
        "staff/people/": ["", "?q=佐藤", "?q=サトウ", "?q=佐藤 守 1999-09-09", "?q=R0053", "?q=C0053", "?q=佐"],
        "staff/people/<str:person>/": [f"/staff/people/{key}/" for key in
                                       (*(f"v{pk}" for pk in visitors), f"r{one['備 太郎']}", "r12")],
        "staff/patrol/<int:pk>/": [f"/staff/patrol/{made['sheet']}/"],
        "staff/patrol/<int:pk>/pdf/": [f"/staff/patrol/{made['sheet']}/pdf/"],
        "staff/patrol/line/": ["", "?code=2222-2222"],
        "staff/cards/window/": ["", "?q=佐藤", "?q=マモル"],
        "staff/cards/window/<int:pk>/": [f"/staff/cards/window/{pk}/" for pk in (one["山﨑 清"], 12)],
        "staff/cards/window/<int:pk>/pdf/": [f"/staff/cards/window/{pk}/pdf/" for pk in (one["山﨑 清"], 12)],
        "staff/cards/window/<int:pk>/plan/": [f"/staff/cards/window/{pk}/plan/" for pk in (one["山﨑 清"], 12)],
        "staff/cards/<int:pk>/": ["/staff/cards/1/"], "staff/cards/<int:pk>/pdf/": ["/staff/cards/1/pdf/"],
        "staff/map/": ["", "?what=exposed"],
        "staff/orders/<int:pk>/": [f"/staff/orders/{made['order']}/"],
        "staff/messages/<int:pk>/": ["/staff/messages/1/"],
        "staff/messages/<int:pk>/correct/": ["/staff/messages/1/correct/"],
        "staff/register/<int:pk>/": [f"/staff/register/{edition}/"],
        "staff/register/<int:pk>/columns/": [f"/staff/register/{edition}/columns/"],
        "staff/register/<int:pk>/defects.csv": [f"/staff/register/{edition}/defects.csv"],
        "staff/register/people/": ["", "?q=佐藤", "?q=サトウマモル", "?q=1999-09-09", "?q=R0053", "?q=C0053"],
        "staff/register/people/<int:pk>/": [f"/staff/register/people/{pk}/" for pk in (one["山﨑 清"], 12)],
        "staff/register/roster/": ["", f"?town={east}"],
        "staff/register/roster/pdf/": [f"?town={east}&body=警察"],
        "staff/register/roster/<int:pk>/": [f"/staff/register/roster/{pk}/" for pk in (one["山﨑 清"], 12)],
        "staff/register/roster/<int:pk>/pdf/": [f"/staff/register/roster/{pk}/pdf/" for pk in (one["山﨑 清"], 12)],
        "staff/rosters/match/<int:pk>/progress/": [f"/staff/rosters/match/{run}/progress/"],
        "staff/rosters/<int:pk>/": [f"/staff/rosters/{roster}/"],
        "staff/rosters/<int:pk>/type/": [f"/staff/rosters/{typed}/type/"],
        "staff/rosters/<int:pk>/defects.csv": [f"/staff/rosters/{roster}/defects.csv"],
        "staff/rosters/<int:pk>/lines.csv": [f"/staff/rosters/{roster}/lines.csv"],
        "staff/rosters/<int:pk>/lines.xlsx": [f"/staff/rosters/{roster}/lines.xlsx"],
        "staff/rosters/lines/<int:pk>/": [f"/staff/rosters/lines/{pk}/" for pk in lines_of],
        "staff/review/<int:pk>/": [f"/staff/review/{pk}/" for pk in questions],
        "staff/visitors/": ["", "?q=佐藤", "?q=さとう"],
        "staff/visitors/<int:pk>/": [f"/staff/visitors/{pk}/" for pk in visitors],
        "staff/inquiries/names/<int:pk>/": [f"/staff/inquiries/names/{names}/"],
        "staff/inquiries/names/<int:pk>/csv/": [f"/staff/inquiries/names/{names}/csv/"],
        "staff/inquiries/partners/<int:pk>/": [f"/staff/inquiries/partners/{partner.pk}/"],
        "staff/inquiries/pfif/<int:pk>/": ["/staff/inquiries/pfif/1/"],
        "staff/inquiries/<int:pk>/": [f"/staff/inquiries/{asked_for}/"],
        "reception/": ["", "?q=佐藤", "?q=サトウ マモル", "?q=R0053", "?q=1999-09-09"],
        "api/v1/shelters/<shelter_id>/extract": ["/api/v1/shelters/F1/extract"],
        "api/v1/shelters/<shelter_id>/desk": ["/api/v1/shelters/F1/desk"],
        "api/v1/shelters/<shelter_id>/occupancy": [
            f"/api/v1/shelters/{place}/occupancy{at}" for place in ("F1", "F2") for at in ("", "?at=2030-01-01T00:00:00%2B09:00")],
        "ogc/collections/<str:name>/items": [f"/ogc/collections/{one.id}/items" for one in SETS],
        "staff/sharing/<int:pk>/": [f"/staff/sharing/{made['sharing']}/"],
        "staff/sharing/<int:pk>/given/<int:place>/": [f"/staff/sharing/{made['sharing']}/given/1/"],
        "staff/cards/window/<int:pk>/lost/": [f"/staff/cards/window/{pk}/lost/" for pk in (one["山﨑 清"], 12)],
        "reception/shelter/<int:pk>/": [f"/reception/shelter/{first}/"],
        "reception/shelter/<int:pk>/<str:name>/": [f"/reception/shelter/{first}/{name}/" for name in SECTIONS if name],
        "reception/shelter/<int:pk>/paper/<str:form>.pdf": [f"/reception/shelter/{first}/paper/{form}.pdf" for form in FORMS],
        "inquiry/<str:key>/": [str(family)], "a/<str:token>": ["/a/x"],
    }, {
        "api/v1/shelters/<shelter_id>/extract": {"Authorization": f"Bearer {token}"},
        "api/v1/shelters/<shelter_id>/desk": {"Authorization": f"Bearer {token}"},
        "api/v1/exchange/people": {"Authorization": f"Bearer {key}"},
        "api/v1/exchange/requests/<key>": {"Authorization": f"Bearer {key}"},
    }, [
        *((f"/staff/people/{who}/{verb}/", form) for who in ("r12", f"v{visitors[0]}") for verb, form in (
            ("heard", {"source": "city", "status": "safe", "place": "体育館"}),
            ("unlink", {"visitor": str(visitors[0]), "reason": "別の人"}),
            ("death", {"basis": "police"}), ("dance", {}),
        )),
        ("/staff/safety/calls/r12/", {"status": "done"}), ("/staff/safety/calls/v1/", {"status": "done"}),
        ("/staff/patrol/make/", {"town": str(east)}), ("/staff/patrol/make/", {"town": str(east), "need": "other"}),
        (f"/staff/inquiries/{asked_for}/choose/", {"key": "r12"}),
        ("/staff/inquiries/pfif/export/", {"domain": "city.shiken.lg.jp"}),
        ("/staff/register/roster/12/consent/", {"body": "警察", "answer": "yes"}),
        ("/staff/cards/window/12/plan/save/", {"destination": "1"}),
        ("/reception/record/", {"q": "佐藤", "home": "12", "everyone": "1"}),
        *((f"/staff/rosters/lines/{pk}/again/", {}) for pk in lines_of),
        *((f"/staff/review/{pk}/answer/", {"answer": "none"}) for pk in questions),
        (f"/staff/review/{questions[0]}/answer/", {"person": "12"}),
        ("/staff/review/undo/", {"decision": "1"}),
    ])  # fmt: skip


def apart(route: Route) -> bool:
    return route.written.startswith(tuple(APART))


_SAME: Final = tuple(
    re.compile(pattern)
    for pattern in (
        rb'name="csrfmiddlewaretoken" value="[^"]+"', rb'"[0-9a-zA-Z]{64}"',
        rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        rb'name="seen" value="[0-9a-f]{16}"', rb'value="[0-9a-f]{32}"', rb"/inquiry/[\w-]{24}/",
        rb'datetime="[^"]+"', rb"\d{1,2}:\d\d", rb"\d+\.\d ?\xe7\xa7\x92", rb'"ends_at": "[^"]+"',
        rb'W/\\?"[0-9a-f]+',
    )
)  # fmt: skip
"""What is drawn by lot for every answer."""


def steady(content: bytes, kind: str) -> bytes:
    """An answer without what differs between two answers to one question."""
    if content.startswith(b"eyJ"):  # a signed list: what it says, but for when it was asked for
        content = base64.urlsafe_b64decode(content.split(b".")[1] + b"==")
        content = re.sub(rb'"(iat|exp)":\d+', b"", content)
    if "spreadsheet" in kind:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            content = b"".join(
                parts.read(n) for n in sorted(parts.namelist()) if "docProps" not in n
            )
    for pattern in _SAME:
        content = pattern.sub(b"", content)
    return content


def read(answer: Any) -> tuple[int, str, bytes]:
    """What an answer says: status, where it leads, its bytes."""
    kind = str(answer.get("Content-Type", ""))
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    place = str(answer.get("Location", "")) + str(answer.get("Content-Disposition", ""))
    return answer.status_code, place, steady(body, kind)


def asked(told: Told) -> Iterator[tuple[str, tuple[int, str, bytes]]]:
    """Ask every address, then do what can be done; give the address with the answer."""
    seen = set()
    for route in ALL:
        if route.written not in told.addresses and (apart(route) or route.written in DEEDS):
            continue
        allowed = audiences_of(route) or frozenset()
        role = next((one for one in ROLES if permits(allowed, one)), None)
        if permits(allowed, None) and not route.written.startswith("ogc/"):
            role = None
        for more in told.addresses.get(route.written, [""]):
            address = more if more.startswith("/") else route.address + more
            if address in seen:
                continue
            seen.add(address)
            headers = dict(told.headers.get(route.written, {}))
            label = address if "inquiry/" not in address else route.written
            yield label, read(told.clients[role].get(address, headers=headers))
    for place, (address, form) in enumerate(told.posted):
        answer = told.clients[Role.OPERATOR].post(address, form, follow=True)
        yield f"{place}. POST {address}", read(answer)


def without_heads(address: str, answer: tuple[int, str, bytes]) -> tuple[int, str, bytes]:
    """An answer without the numbers of how many people a plan or an order means, where it tells them."""
    if not HEADS.fullmatch(address):
        return answer
    return *answer[:2], re.sub(rb"[\d,.]+", b"", answer[2])


def uncovered(told: Told) -> list[str]:
    """Routes with a number in their address for which nothing is said here."""
    known = DEEDS | told.addresses.keys()
    return [
        one.written
        for one in ALL
        if "<" in one.written and one.written not in known and not apart(one)
    ]


@contextmanager
def one_city(monkeypatch: pytest.MonkeyPatch, hidden: bool) -> Iterator[City]:
    """The tiny city with the shielded person or without, gone again afterwards."""
    homes = fixtures.HOMES
    if not hidden:
        homes = tuple((*home[:4], tuple(p for p in home[4] if p[0] != HIDDEN)) for home in homes)
    numbers, letters = count(), patrols.LETTERS
    kept.forget()
    undone = transaction.atomic()
    undone._from_testcase = True  # as the one around every test: verbs may write inside
    with monkeypatch.context() as patch, undone:
        patch.setattr(fixtures, "HOMES", homes)
        patch.setattr(patrols.secrets, "choice", lambda _all: letters[next(numbers) % len(letters)])
        with fixtures.standing() as made:
            yield made
        transaction.set_rollback(True)
    kept.forget()


@pytest.mark.timeout(300)
def test_the_city_reads_the_same_with_and_without_one_shielded_person(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[dict[str, tuple[int, str, bytes]]] = []
    now = clock.now().replace(microsecond=0)
    for hidden in (True, False):
        with clock.using(FrozenClock(now)), one_city(monkeypatch, hidden) as city:
            told = desk(city, days(city))
            assert uncovered(told) == [], "say in `desk` which addresses of it are to be asked"
            if hidden:
                shielded = city.residents[HIDDEN].pk
                assert Visitor.objects.filter(resident=shielded).exists(), (
                    "the lists were found to be that person's"
                )
            answers.append(dict(asked(told)))
    there, gone = answers
    assert there.keys() == gone.keys()
    assert sum(status == 200 for status, _place, _body in there.values()) > 120
    wrong = [a for a in there if without_heads(a, there[a]) != without_heads(a, gone[a])]
    assert wrong == []
