"""Who is in a shelter, or was at 18:00: screen, files, paper, and the list of those who agreed to hang there."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from django.test import Client

from sonae.core import clock
from sonae.core.clock import JST
from sonae.core.errors import SonaeError
from sonae.core.ids import uuid7
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.residents.interface import Resident
from sonae.domains.rosters import interface as rosters
from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import Visitor, VisitorConsent, VisitorFacts
from sonae.platform import paper
from sonae.platform.access import SYSTEM, Role
from sonae.platform.scope import World
from tests.domains.safety.test_ledger import sighting
from tests.fixtures import CLERK, OPERATOR, VIEWER, City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db


def fill(city: City) -> str:
    """Taro was here until half an hour ago, the others still are; return the page of the shelter."""
    safety.record(
        [
            sighting(city, "備 太郎", minutes=-120),
            sighting(city, "備 花子", minutes=-120),
            sighting(city, "佐藤 守", minutes=-110),
            sighting(city, visitor=VisitorFacts("𠮷田 \ue000子", "ヨシダ", "1970-01-01"), minutes=-90),
            sighting(city, "備 太郎", direction="out", minutes=-30),
            sighting(city, "斎藤 健", "F1", minutes=-60),
        ]
    )  # fmt: skip
    return f"/staff/shelters/{city.facilities['F2'].pk}/people/"


def local(minutes: int) -> str:
    return (clock.now() + timedelta(minutes=minutes)).astimezone(JST).strftime("%Y-%m-%dT%H:%M")


def names(city: City, minutes: int | None = None) -> list[str]:
    at = None if minutes is None else clock.now() + timedelta(minutes=minutes)
    return [one.name for one in safety.sheltered(OPERATOR, city.facilities["F2"].pk, at)]


def test_the_roster_at_any_time_is_what_had_happened_until_then(city: City) -> None:
    home = fill(city)
    assert names(city) == ["備 花子", "𠮷田 \ue000子"]
    assert names(city, -60) == ["備 太郎", "備 花子", "𠮷田 \ue000子"]
    assert names(city, -100) == ["備 太郎", "備 花子"]
    assert names(city, -180) == []
    client = signed_in(Role.OPERATOR)
    assert "備 太郎" not in client.get(home).content.decode()
    assert "備 太郎" in client.get(home, {"at": local(-60)}).content.decode()
    empty = client.get(home, {"at": local(-300)}).content.decode()
    assert "ここにいる人の記録はありません" in empty
    for at in ("yesterday", local(120)):
        assert client.get(home, {"at": at}).status_code == 422
    assert "people/" in client.get(home.removesuffix("people/")).content.decode()


def test_a_shielded_person_is_on_no_form_of_it_and_each_look_is_recorded(city: City) -> None:
    home = fill(city)
    client = signed_in(Role.OPERATOR)
    before = AccessEvent.objects.filter(subject=city.residents["備 花子"].pk).count()
    page = client.get(home).content.decode()
    text = client.get(f"{home}csv/").content.decode("utf-8-sig")
    assert "佐藤" not in page + text
    assert AccessEvent.objects.filter(subject=city.residents["備 花子"].pk).count() > before
    for role in (Role.VIEWER, Role.RECEPTION):
        other = signed_in(role)
        for path in ("", "csv/", "roster.pdf", "posted.pdf"):
            assert other.get(home + path).status_code == 403, (role, path)
    for actor in (VIEWER, CLERK):
        with pytest.raises(SonaeError, match="forbidden"):
            safety.sheltered(actor, city.facilities["F2"].pk)
    assert client.get("/staff/shelters/999999/people/").status_code == 404
    assert client.get(f"{home}doc/").status_code == 404


def test_the_files_keep_every_letter_and_say_the_time(city: City) -> None:
    home = fill(city)
    client = signed_in(Role.OPERATOR)
    text = client.get(f"{home}csv/", {"at": local(-60)}).content.decode("utf-8-sig")
    assert "外字・〓のある行：1" in text and "備 太郎" in text and "𠮷田 \ue000子" in text
    book = openpyxl.load_workbook(io.BytesIO(client.get(f"{home}xlsx/").content))
    cells = [str(cell.value) for row in book.worksheets[0].iter_rows() for cell in row]
    assert "𠮷田 \ue000子" in cells and "備 太郎" not in cells
    assert client.get(f"{home}roster.pdf").content.startswith(b"%PDF")


def test_the_posted_list_holds_who_agreed_and_nobody_else(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = fill(city)
    client = signed_in(Role.OPERATOR)
    taro, hanako = city.residents["備 太郎"].pk, city.residents["備 花子"].pk
    printed: list[dict[str, Any]] = []
    render = paper.render
    monkeypatch.setattr(
        paper, "render", lambda form, data: (printed.append(data), render(form, data))[1]
    )
    refused = client.get(f"{home}posted.pdf", follow=True).content.decode()
    assert "掲示に同意した人はいません" in refused and not printed
    # Taro is not here: what a form says of him is not taken.
    both = [f"r{hanako}", f"r{taro}"]
    client.post(f"{home}post/", {"shown": both, "posted": both})
    assert safety.sheltered(OPERATOR, city.facilities["F2"].pk)[0].posted
    assert not consent.ConsentGrant.objects.filter(subject=taro).exists()
    assert client.get(f"{home}posted.pdf").status_code == 200
    assert printed[-1]["rows"] == [["備 花子", "ソナエ ハナコ", "西町"]]
    event = AccessEvent.objects.filter(subject=hanako, purpose="posted_list").get()
    assert (event.recipient, event.rule) == ("避難所の掲示：高台中学校", "consent")
    Resident.objects.filter(pk=hanako).update(shielded=True)
    assert client.get(f"{home}posted.pdf").status_code == 302, "the shield comes first"
    Resident.objects.filter(pk=hanako).update(shielded=False)
    client.post(f"{home}post/", {"shown": [f"r{hanako}"]})
    assert client.get(f"{home}posted.pdf").status_code == 302
    with city.entered(World.EXERCISE):
        drill = client.post(f"/drill{home}post/", {"shown": both, "posted": both})
        assert drill.status_code == 302
    assert safety.sheltered(OPERATOR, city.facilities["F2"].pk)[0].posted is False


def came(city: City, name: str, **more: str) -> Visitor:
    """A visitor whom the desk has written down here, with a yes to the posted list."""
    written(at_the_desk(city), name=name, posted="1", **more)
    return Visitor.objects.order_by("-pk")[0]


def at_the_desk(city: City) -> Client:
    client = signed_in(Role.RECEPTION)
    client.post("/reception/choose/", {"facility": city.facilities["F2"].pk})
    return client


def written(client: Client, **form: str) -> None:
    """Send the desk's form for somebody who is in no register."""
    sent = {"form": str(uuid7()), "direction": "in", **form}
    assert client.post("/reception/visitor/", sent).status_code == 302


def hung(city: City) -> list[str]:
    return [name for name, _kana, _town in safety.posted_list(OPERATOR, city.facilities["F2"])]


def test_a_visitor_says_yes_at_the_desk_and_may_take_it_back_on_the_own_card(city: City) -> None:
    one = came(city, "旅野 人", birth_date="1988-02-02")
    assert hung(city) == ["旅野 人"]
    rosters.describe(OPERATOR, one.pk, {"name": "旅野 仁", "birth_date": "1988-02-02"})
    assert hung(city) == ["旅野 仁"], "as they are known by now"
    client = signed_in(Role.OPERATOR)
    card = f"/staff/visitors/{one.pk}/"
    assert "のせてよい、と本人が答えています" in client.get(card).content.decode()
    assert "記録しました" in client.post(card, {"posted": "no"}, follow=True).content.decode()
    assert hung(city) == []
    client.post(card, {"posted": "yes"})
    assert hung(city) == ["旅野 仁"]
    home = f"/staff/shelters/{city.facilities['F2'].pk}/people/"
    page = client.get(home).content.decode()
    assert f'name="posted" value="v{one.pk}"' in page
    client.post(f"{home}post/", {"shown": [f"v{one.pk}"]})
    assert hung(city) == []
    said = VisitorConsent.objects.order_by("pk")
    assert [bool(row.withdrawn_at) for row in said] == [True, True], "nothing is deleted"


def test_who_said_nothing_or_leaves_does_not_hang_there(city: City) -> None:
    desk = at_the_desk(city)
    one = {"name": "旅野 人", "birth_date": "1988-02-02", "posted": "1"}
    written(desk, **one)
    written(desk, name="別野 人", birth_date="1990-01-01")
    assert hung(city) == ["旅野 人"], "the box that was not ticked is a no"
    written(desk, **one, direction="out")
    assert hung(city) == []


@pytest.mark.parametrize(
    ("name", "birth_date", "hangs"),
    [
        ("斎藤 健", "", False),  # perhaps the resident, who may have said otherwise
        ("さいとう けん", "1990", False),
        ("斎藤 健", "1961-02-03", True),  # a namesake of another birth date
        ("佐藤 守", "", False),  # 支援措置
        ("サトウ マモル", "1999-09-09", False),
    ],
)
def test_a_namesake_of_a_resident_waits_until_a_birth_date_tells_them_apart(
    city: City, name: str, birth_date: str, hangs: bool
) -> None:
    came(city, name, birth_date=birth_date)
    assert bool(hung(city)) is hangs


def test_who_is_linked_in_silence_to_somebody_shielded_does_not_hang_there(city: City) -> None:
    one = came(city, "左藤 まもる", birth_date="1999-09-09")
    assert hung(city) == ["左藤 まもる"]
    match = safety.Match(one.pk, city.residents["佐藤 守"].pk)
    safety.link_many(SYSTEM, [match], source="auto")
    assert hung(city) == []


def test_a_visitors_consent_is_not_the_residents_whom_a_link_makes_of_it(city: City) -> None:
    one = came(city, "旅野 人", birth_date="1988-02-02")
    safety.link(OPERATOR, one.pk, city.residents["斎藤 健"].pk, source="review", reason="別姓")
    assert hung(city) == [], "a link may be wrong: ask again"


def test_an_exercise_has_visitors_of_its_own_to_ask(city: City) -> None:
    with city.entered(World.EXERCISE):
        safety.record([sighting(city, visitor=VisitorFacts("旅野 人", "", "1988-02-02"))])
        one = Visitor.objects.get()
        assert safety.agree_to_post(CLERK, [f"v{one.pk}"], [f"v{one.pk}"]) == 1
        assert hung(city) == ["旅野 人"]
    assert hung(city) == []
