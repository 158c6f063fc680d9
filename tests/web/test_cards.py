"""Cards on paper: one household's PDF, and whole towns' for door-to-door; disclosed, recorded, removed."""

from __future__ import annotations

import re
import zlib

import pytest
from django.test import Client

from sonae.core.errors import SonaeError
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.evacuation.interface import CardBatch, Walker, cards, timelines
from sonae.domains.identity import interface as identity
from sonae.domains.residents.interface import Household, Resident, qr
from sonae.domains.shelters import interface as shelters
from sonae.engines.evacuation.profiles import WHEELCHAIR
from sonae.engines.evacuation.timeline import Answers
from sonae.platform import outbox, paper
from sonae.platform.access import Role
from sonae.platform.models import AuditEntry
from sonae.platform.scope import World
from sonae.web import papercard
from sonae.web.citizen.me import usual_places
from tests.fixtures import CLERK, OPERATOR, VIEWER, City, actor, know

pytestmark = pytest.mark.django_db


def pages(pdf: bytes) -> int:
    """How many pages a PDF has."""
    found = 0
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found += len(re.findall(rb"/Type\s*/Page\b", zlib.decompress(stream)))
        except zlib.error:
            continue
    return found + len(re.findall(rb"/Type\s*/Page\b", pdf))


def batch_of(city: City, *towns: str) -> CardBatch:
    """The cards of towns, made."""
    row = cards.request(OPERATOR, [city.towns[name].pk for name in towns], "戸別訪問")
    outbox.drain()
    row.refresh_from_db()
    return row


def test_a_card_does_not_measure_from_where_nobody_lives(city: City) -> None:
    home = Household.objects.get(number="00000003")
    sheet = papercard.Sheet(home, [city.residents["斎藤 健"]], Walker())
    row = papercard.Writer().card(sheet)["rows"][0]
    assert row["far"] and row["site"]
    home.place = "town"
    told = papercard.Writer().card(sheet)
    assert (told["rows"][0]["site"], told["rows"][0]["far"]) == (row["site"], "")
    assert "道のりは分かりません" in told["notes"][0]
    home.place = "none"
    lost = papercard.Writer().card(sheet)
    assert {one["site"] for one in lost["rows"]} == {"分かりません。市に聞いてください"}
    assert "避難先が分かりません" in lost["notes"][0]
    assert pages(papercard.one_card(sheet)) == 1


def test_a_resident_s_card_is_a_real_a6_pdf_with_the_code_that_the_reception_reads(
    city: City,
) -> None:
    account = identity.add_account(
        "taro@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name="太郎",
        resident_pk=city.residents["備 太郎"].pk,
    )  # fmt: skip
    client = Client()
    client.force_login(account)
    answer = client.get("/me/card.pdf")
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Cache-Control"] == "private, no-store"
    assert answer.content.startswith(b"%PDF-")
    assert pages(answer.content) == 1
    # 148 mm and 105 mm in points.
    box = re.search(rb"MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", answer.content)
    assert box is not None
    assert (round(float(box[1])), round(float(box[2]))) == (420, 298)
    assert b"pdfaid" in answer.content, "PDF/A"
    home = city.residents["備 太郎"].household
    sheet = papercard.Sheet(home, [city.residents["備 太郎"]], Walker())
    assert papercard.Writer().card(sheet)["number"] == home.card_code == "H0000001"
    page = client.get("/me/card/").content.decode()
    assert "H0000001" in page, "who has no reader at hand types the number"
    assert city.residents["備 太郎"].card_number in page
    drill = client.get("/drill/me/card.pdf")
    assert drill.status_code == 409, "an exercise prints nothing that looks real"
    assert not drill.content.startswith(b"%PDF-")


def test_a_card_names_the_sites_that_the_page_names(city: City) -> None:
    """One tree for thousands gives what one question gives, for every home, hazard and need."""
    know([city.facilities["F4"]], step_free="no")
    finder = cards.SiteFinder()
    for home in Household.objects.all():
        for walker in (Walker(), Walker(WHEELCHAIR)):
            for hazard, choice in usual_places(home, walker):
                code = {"洪水": "flood", "土砂災害": "landslide", "地震": "earthquake"}[hazard]
                site, metres = finder.site(home, code, walker)
                assert choice is not None
                assert site == choice.place.facility
                assert metres == pytest.approx(choice.distance_m, abs=0.5)


def test_a_card_is_of_every_night_and_not_of_this_one(city: City) -> None:
    """Closed, full, cut off or under water tonight: the card and its screen name what they named."""
    home = Household.objects.get(pk=city.residents["備 太郎"].household_id)
    park = city.facilities["F4"]
    calm = cards.SiteFinder().site(home, "flood", Walker())
    assert calm[0] == park
    shelters.set_state(OPERATOR, park.pk, "full")
    assert cards.SiteFinder().site(home, "flood", Walker()) == calm
    shown = dict(usual_places(home, Walker(), lasting=True))["洪水"]
    assert shown is not None
    assert shown.place.facility == park
    now = dict(usual_places(home, Walker()))["洪水"]
    assert now is None or now.place.facility != park
    know([park], usable="no")
    assert cards.SiteFinder().site(home, "flood", Walker())[0] != park


def test_a_card_names_a_site_where_every_one_refuses_what_is_needed(city: City) -> None:
    know(list(city.facilities.values()), step_free="no", pets="no")
    home = Household.objects.get(pk=city.residents["備 太郎"].household_id)
    for walker in (Walker(WHEELCHAIR), Walker(pets=True)):
        site, metres = cards.SiteFinder().site(home, "flood", walker)
        choice = dict(usual_places(home, walker))["洪水"]
        assert choice is not None
        assert site == choice.place.facility
        assert metres == pytest.approx(choice.distance_m, abs=0.5)


def test_no_site_is_said_and_never_filled_with_the_nearest(city: City) -> None:
    site, metres = cards.SiteFinder().site(Household.objects.all()[0], "tsunami", Walker())
    assert (site, metres) == (None, None)


def test_whole_towns_come_in_one_file_by_address_and_every_disclosure_is_on_record(
    city: City,
) -> None:
    row = batch_of(city, "西町", "東町")
    assert (row.state, row.total, row.done, row.left_out, row.pages) == ("ready", 4, 4, 0, 4)
    pdf = cards.fetch(OPERATOR, row.pk)
    assert pages(pdf) == 1 + 4, "the delivery list and the cards"
    for name in ("備 太郎", "渡邉 結衣", "高橋 葵", "山﨑 ミツ"):
        event = AccessEvent.objects.get(subject=city.residents[name].pk, purpose="cards")
        assert (event.decision, event.rule, event.looker) == ("permit", "duty_city", OPERATOR.id)
        assert set(event.fields) == {"name", "address", "household"}
    shielded = AccessEvent.objects.get(subject=city.residents["佐藤 守"].pk, purpose="cards")
    assert shielded.decision == "deny"
    assert not AccessEvent.objects.filter(subject=city.residents["斎藤 健"].pk).exists()
    acts = list(AuditEntry.objects.values_list("action", flat=True))
    assert acts.count("cards.request") == acts.count("cards.fetch") == 1


def test_who_is_shielded_stands_on_no_card_and_alone_has_none(city: City) -> None:
    homes = list(Household.objects.all())
    made = {sheet.home.pk: sheet for sheet in papercard.sheets(OPERATOR, homes)}
    last = city.residents["佐藤 守"]
    assert {one.name for one in made[last.household_id].people} == {"山﨑 清", "山﨑 ミツ"}
    Resident.objects.filter(household=last.household_id).update(shielded=True)
    row = batch_of(city, "東町")
    assert (row.state, row.left_out, row.pages) == ("ready", 1, 1)


def test_the_code_on_a_card_is_the_household_s_signed_one(city: City) -> None:
    home = Household.objects.all()[0]
    writer = papercard.Writer()
    card = writer.card(papercard.Sheet(home, list(home.resident_set.all()), Walker()))
    assert card["qr"] == qr.svg(qr.make(qr.HOUSEHOLD, home.card_code, writer.ends), mask=2)
    token = qr.verify(qr.make(qr.HOUSEHOLD, home.card_code, writer.ends))
    assert (token.kind, token.identifier) == (qr.HOUSEHOLD, home.card_code)


def test_needs_and_language_stand_on_the_card(city: City) -> None:
    """Wheelchair by the roster, pets by the household's own plan, English for who reads no Japanese."""
    kiyoshi = city.residents["山﨑 清"]
    timelines.state(actor(Role.RESIDENT, 8, kiyoshi.pk), Answers(frozenset({"pets"})))
    Resident.objects.filter(household=kiyoshi.household_id).update(language="en")
    home = Household.objects.get(pk=kiyoshi.household_id)
    card = papercard.Writer().card(papercard.sheets(OPERATOR, [home])[0])
    assert "Evacuation card" in card["title"]
    assert card["notes"][:2] == ["Someone here uses a wheelchair.", "There are pets."]
    assert "日本語が分かりません" in card["notes"][2], "this sentence is for who reads Japanese"


def test_homes_are_walked_by_number_not_by_text(city: City) -> None:
    """10番地 comes after 9番地."""
    for number, home in enumerate(Household.objects.order_by("pk"), start=8):
        Household.objects.filter(pk=home.pk).update(
            town=city.towns["中町"], address=f"{number}番地{20 - number}号"
        )
    walked = [home.address for home in cards.by_address(Household.objects.all())]
    assert walked == [f"{n}番地{20 - n}号" for n in range(8, 13)]


def test_a_letter_that_no_font_has_becomes_a_geta_and_is_named(city: City) -> None:
    """Private use signs (外字) are never printed as an empty box."""
    card = papercard.Writer().card(papercard.Sheet(Household.objects.all()[0], [], Walker()))
    card["names"] = "葛󠄀城 \ue000子、𠮷田"
    printed = paper.render(papercard.TEMPLATE, {"title": "t", "cover": None, "cards": [card]})
    assert printed.missing == {"\ue000"}
    assert printed.pdf.startswith(b"%PDF-")
    Resident.objects.filter(pk=city.residents["斎藤 健"].pk).update(name="斎藤 \ue001")
    assert batch_of(city, "中町").state == "ready"


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("letters", [1, 11, 12, 60])
def test_a_card_is_one_page_whatever_stands_on_it(city: City, language: str, letters: int) -> None:
    """The fullest card that is not measured, and one with far too much on it."""
    home = Household.objects.all()[0]
    people = list(home.resident_set.all())
    for one in people:
        one.language = language
    card = papercard.Writer().card(papercard.Sheet(home, people, Walker()))
    row = {"hazard": "大規模な火事", "site": "避" * letters, "far": "12.3 km"}
    card |= {"rows": [row] * papercard.ROOMY_ROWS, "names": "氏" * min(30, letters)}
    card["notes"] = ["車いすを使う人がいます。", "ペットがいます。"] if letters > 11 else []
    card["dense"] = language != "ja" or papercard._dense(card)
    printed = paper.render(papercard.TEMPLATE, {"title": "t", "cover": None, "cards": [card] * 2})
    assert pages(printed.pdf) == 2


def test_a_machine_without_a_japanese_font_says_what_to_install(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paper, "FONTS", ("No Such Font",))
    row = batch_of(city, "西町")
    assert row.state == "failed"
    assert "fonts-morisawa-bizud-gothic" in row.problem


@pytest.mark.parametrize("broken", [RuntimeError("cards.typ"), OSError("no space left")])
def test_a_broken_printer_is_tried_once_said_and_discloses_nobody_twice(
    city: City, monkeypatch: pytest.MonkeyPatch, broken: Exception
) -> None:
    def refuse(*_data: object) -> paper.Printed:
        raise broken

    monkeypatch.setattr(paper, "render", refuse)
    row = batch_of(city, "西町")
    assert row.state == "failed"
    assert "PDFを作れませんでした" in row.problem
    told = AccessEvent.objects.filter(purpose="cards").count()
    entry = outbox.OutboxEntry.objects.get(topic=cards.REQUESTED)
    assert (entry.state, entry.attempts) == ("failed", 1)
    outbox.drain()
    assert AccessEvent.objects.filter(purpose="cards").count() == told


def test_the_printing_of_cards_never_holds_up_a_warning(city: City) -> None:
    cards.request(OPERATOR, [city.towns["西町"].pk], "戸別訪問")
    outbox.drain(lane=outbox.Lane.INNER)
    assert CardBatch.objects.get().state == "waiting"
    outbox.drain(lane=outbox.Lane.SLOW)
    assert CardBatch.objects.get().state == "ready"


def test_the_file_goes_after_a_day_or_when_somebody_says_so(city: City) -> None:
    for go in (lambda row: cards.expire(row.pk), lambda row: cards.remove(OPERATOR, row.pk)):
        row = batch_of(city, "中町")
        assert cards.file_of(row).stat().st_mode & 0o077 == 0
        go(row)
        assert not cards.file_of(row).exists()
        with pytest.raises(SonaeError, match="もうありません"):
            cards.fetch(OPERATOR, row.pk)
        papercard.make(row.pk)
        assert not cards.file_of(row).exists(), "a removed batch is not made again"


def test_only_an_operator_asks_and_never_in_an_exercise(city: City) -> None:
    towns = [city.towns["西町"].pk]
    for somebody in (VIEWER, CLERK, actor(Role.RESIDENT, 9)):
        with pytest.raises(SonaeError, match="権限"):
            cards.request(somebody, towns, "x")
        with pytest.raises(SonaeError, match="権限"):
            cards.batches(somebody)
    with city.entered(World.EXERCISE), pytest.raises(SonaeError, match="訓練"):
        cards.request(OPERATOR, towns, "x")
    for wrong, purpose in (([], "x"), (towns, "  "), ([0], "x")):
        with pytest.raises(SonaeError):
            cards.request(OPERATOR, wrong, purpose)
    assert not CardBatch.objects.exists()


def test_too_many_at_once_are_refused_with_what_to_do(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "MOST_HOUSEHOLDS", 1)
    with pytest.raises(SonaeError, match="2世帯あります"):
        cards.request(OPERATOR, [city.towns["西町"].pk], "x")


def test_the_staff_pages_lead_from_towns_to_the_file(city: City) -> None:
    account = identity.add_account("op@example.jp", "natsu-no-yuki-7", Role.OPERATOR, name="当直")
    client = Client()
    client.force_login(account)
    assert "戸別" in client.get("/staff/cards/").content.decode()
    refused = client.post("/staff/cards/", {"purpose": "訪問"})
    assert refused.status_code == 422
    assert "町を1つ以上選び" in refused.content.decode()
    asked = client.post("/staff/cards/", {"purpose": "訪問", "town": city.towns["西町"].pk})
    page = asked["Location"]
    assert "<progress" in client.get(page).content.decode()
    outbox.drain()
    assert "カード 2枚と配布一覧ができました。" in client.get(page).content.decode()
    answer = client.get(f"{page}pdf/")
    assert answer.content.startswith(b"%PDF-")
    assert answer["Cache-Control"] == "private, no-store"
    client.post(f"{page}remove/")
    assert "ファイルは消えています" in client.get(page).content.decode()
    assert client.get(f"{page}pdf/").status_code == 404
    assert evacuation.cards.batches(OPERATOR)[0].state == "removed"
