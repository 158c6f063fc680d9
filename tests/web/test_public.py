"""The public pages over HTTP: no session, no account, no database once kept; the same for everybody."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from sonae.core import danger_level
from sonae.domains.consent import interface as consent
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.evacuation import interface as evacuation
from sonae.domains.identity import interface as identity
from sonae.domains.identity.interface import Account
from sonae.domains.municipalities.interface import Town
from sonae.domains.shelters import interface as shelters
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Actor, Role
from sonae.platform.scope import World
from sonae.web import kept
from sonae.web.citizen import shared
from tests.conftest import ROOT
from tests.fixtures import APPROVER, CODE, OPERATOR, City, flood_telegram

CSS = (ROOT / "src/sonae/web/static/sonae.css").read_text("utf-8")
PUBLIC = ("/", "/shelters/", "/where/", "/where/?q=町", "/where/?town=001", "/where/?at=37.0,139.0")


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Each test renders for itself."""
    kept.forget()
    yield
    kept.forget()


@pytest.mark.parametrize("path", PUBLIC)
def test_nobodys_session_or_account_is_touched(client: Client, city: City, path: str) -> None:
    """An anonymous reader leaves no trace and costs no look at sessions and accounts."""
    warnings.accept(flood_telegram(), via="test")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = client.get(path)
    assert answer.status_code == 200
    asked = " ".join(query["sql"] for query in queries)
    assert "django_session" not in asked and "identity_account" not in asked
    assert settings.SESSION_COOKIE_NAME not in answer.cookies


def test_a_kept_page_asks_the_database_nothing(
    client: Client, city: City, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """The second of a thousand readers is answered from memory."""
    monkeypatch.setattr(shared, "FRESH_SECONDS", 60.0)
    first = client.get("/")
    with django_assert_num_queries(0):
        again = client.get("/")
    assert again.content == first.content


def test_what_one_reader_sends_reaches_no_other(client: Client, city: City) -> None:
    """Neither a query string nor a header is written into the page that all get."""
    client.get(
        "/?next=https://evil.example/&q=<script>", headers={"referer": "https://evil.example/"}
    )
    page = client.get("/").content.decode()
    assert "evil" not in page and '?next=/"' in page.replace("&quot;", '"')


def test_the_page_is_compressed_tagged_and_varies(client: Client, city: City) -> None:
    """Compressed for who can; 304 for who has it; language and world apart."""
    plain = client.get("/")
    packed = client.get("/", headers={"accept-encoding": "gzip"})
    assert gzip.decompress(packed.content) == plain.content
    assert client.get("/", headers={"if-none-match": plain.headers["ETag"]}).status_code == 304
    english = client.get("/", headers={"accept-language": "en-GB"})
    assert b'<html lang="en">' in english.content and b"Shiken City" in english.content
    for name in ("Cookie", "Accept-Language", "Accept-Encoding"):
        assert name in plain.headers["Vary"]


@pytest.mark.parametrize("path", ["/", "/shelters/", "/where/?town=001"])
def test_choosing_a_language_in_the_drill_stays_in_the_drill(city: City, path: str) -> None:
    """Otherwise a trainee would read the live page and take it for the exercise."""
    account = Account.objects.create_user("o@example.jp", role="operator", municipality=CODE)
    client = Client()
    client.force_login(account)
    page = client.get(f"/drill{path}").content.decode()
    assert "/drill/language/en/?next=/drill/" in page
    assert "next=/drill/drill" not in page


def test_the_drill_is_closed_to_the_public(client: Client, city: City) -> None:
    """Nobody may take a drill for the real thing."""
    answer = client.get("/drill/")
    assert answer.status_code == 302 or answer.status_code == 401 or answer.status_code == 403
    assert "避難情報や警報は出ていません" not in answer.content.decode()


def test_an_order_leads_the_page(client: Client, city: City) -> None:
    """All towns of it can be read; the telegram's level never becomes the order's."""
    from sonae.core import clock
    from sonae.domains.evacuation.interface import EvacuationOrder

    warnings.accept(flood_telegram(5), via="test")
    order = EvacuationOrder.objects.create(
        number=1, level=4, hazard="flood", status="issued", drafted_by="x", drafted_at=clock.now(),
        issued_at=clock.now(),
    )  # fmt: skip
    order.towns.set(city.towns.values())
    page = client.get("/").content.decode()
    assert 'class="alarm level-4"' in page and "全員いますぐ避難" in page
    assert "西町、中町、東町" in page
    assert 'class="alarm level-5"' not in page
    order.status = "lifted"
    order.save()
    kept.forget()
    assert 'class="alarm level-4"' not in client.get("/").content.decode()


def test_when_it_is_too_late_the_reason_is_why_not_to_go(city: City) -> None:
    """ "Stay inside, because the water is deep, so evacuate" helps nobody."""
    warnings.accept(flood_telegram(5), via="test")
    outbox.drain()
    place = Client().get("/where/?town=001").content.decode()
    own = Client()
    account = identity.add_account(
        "m@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name="実",
        resident_pk=city.residents["渡邉 実"].pk,
    )  # fmt: skip
    own.force_login(account)
    for body in (place, own.get("/me/").content.decode()):
        head = body[body.index('id="answer"') : body.index("現在")]
        assert "外へ出ないで" in head
        assert "外へ出ること自体が命にかかわる" in head and "避難します" not in head


def test_the_colours_are_the_published_ones() -> None:
    """The style sheet and core.danger_level say the same, text colour included."""
    for level in danger_level.LEVELS:
        rule = f".level-{level.level} {{ background: {level.colour}; color: {level.text_colour};"
        assert rule in CSS, rule


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("q=ないまち", "見つかりませんでした"),
        ("town=999", "その場所は分かりませんでした"),
        ("at=91,200", "その場所は分かりませんでした"),
        ("at=nonsense", "その場所は分かりませんでした"),
        ("at=51.5,0.1", "その場所は分かりませんでした"),
        ("q=%00", "見つかりませんでした"),
    ],
)
def test_odd_questions_get_a_plain_answer(
    client: Client, city: City, query: str, said: str
) -> None:
    """And the list of towns to choose from."""
    answer = client.get(f"/where/?{query}")
    assert answer.status_code == 200
    page = answer.content.decode()
    assert said in page and "町の一覧からえらぶ" in page


def test_hazards_that_do_not_exist_are_ignored(client: Client, city: City) -> None:
    """A made-up hazard is not answered as if it were one."""
    page = client.get("/where/?town=001&hazard=meteor").content.decode()
    assert "meteor" not in page.split("<main")[1] and "西町からの避難先" in page


def test_hazards_that_lead_to_the_same_place_share_an_answer(client: Client, city: City) -> None:
    """One card for landslide and earthquake: the school is next door for both."""
    page = client.get("/where/?town=001").content.decode()
    assert "土砂災害・地震" in page and page.count("第一小学校への道") == 1


def test_a_restricted_hall_is_never_named_to_everybody(client: Client, city: City) -> None:
    """The welfare hall takes the elderly and the disabled only."""
    assert "福祉会館" not in client.get("/where/?town=003").content.decode()


def test_only_part_of_a_site_is_said(client: Client, city: City) -> None:
    """△ of the national list: used only where nothing else is left, with its reason."""
    for place in city.facilities.values():
        if place.public_id in {"F2", "F4"}:
            shelters.set_state(OPERATOR, place.pk, "closed")
    site = shelters.site_of(city.facilities["F1"])
    assert site is not None
    site.hazards = {**site.hazards, "flood": "partial"}
    site.save()
    shelters.place_on_network({city.facilities["F1"].pk: city.facilities["F1"].node})
    page = client.get("/where/?town=001&hazard=flood").content.decode()
    assert "第一小学校" in page and "施設の一部だけが使えます" in page


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", ""]
)
def test_the_language_link_only_comes_back_here(client: Client, city: City, wanted: str) -> None:
    """No open door to elsewhere."""
    answer = client.get("/language/en/", {"next": wanted})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert answer.cookies["sonae_language"].value == "en"


def test_an_unknown_language_is_not_found(client: Client, city: City) -> None:
    """404, and no cookie."""
    answer = client.get("/language/xx/")
    assert answer.status_code == 404 and "sonae_language" not in answer.cookies


def test_a_word_to_one_reader_is_no_word_to_all(city: City) -> None:
    """What waits for one reader is never rendered into a page that is kept for everybody."""
    account = identity.add_account("r@example.jp", "natsu-no-yuki-7", Role.VIEWER, name="r")
    reader = Client()
    reader.force_login(account)
    reader.post("/accounts/logout/")
    kept.forget()
    for path in ("/", "/shelters/", "/where/?town=001"):
        assert "ログアウトしました" not in reader.get(path).content.decode()
        assert "ログアウトしました" not in Client().get(path).content.decode()


def test_what_was_not_sent_is_said(city: City) -> None:
    """A session that ended or an old page must not let anybody believe that help was called."""
    lost = Client().post(
        "/me/report/", {"status": "needs_help"}, headers={"Referer": "http://testserver/me/"}
    )
    assert lost.status_code == 302
    assert lost["Location"] == "/accounts/login/?next=/me/"
    strict = Client(enforce_csrf_checks=True)
    answer = strict.post("/me/report/", {"status": "needs_help"})
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "まだ送られていません" in page
    assert "119番" in page


def test_after_a_lost_post_the_log_in_says_so(city: City) -> None:
    client = Client()
    client.post("/me/report/", {"status": "needs_help"})
    assert "まだ送られていません" in client.get("/accounts/login/").content.decode()


def test_a_telegram_handed_in_below_drill_stays_in_the_exercise(city: City) -> None:
    account = identity.add_account("o@example.jp", "natsu-no-yuki-7", Role.OPERATOR, name="o")
    operator = Client()
    operator.force_login(account)
    answer = operator.post(
        "/drill/api/v1/warnings", flood_telegram(4), content_type="application/xml"
    )
    assert answer.json()["world"] == "exercise"
    assert warnings.in_force() == []


def test_a_shielded_resident_leaves_no_trace_with_the_family(city: City) -> None:
    who = city.residents["備 花子"]
    type(who).objects.filter(pk=who.pk).update(shielded=True)
    account = identity.add_account(
        "h@example.jp", "natsu-no-yuki-7", Role.RESIDENT, name="h", resident_pk=who.pk
    )
    client = Client()
    client.force_login(account)
    assert client.get("/me/").status_code == 200
    others = [one.pk for one in city.residents.values() if one.pk != who.pk]
    assert not AccessEvent.objects.filter(subject__in=others).exists()


def test_a_look_during_an_exercise_is_a_look_at_a_real_person(city: City) -> None:
    ken = city.residents["斎藤 健"]
    account = identity.add_account("c@example.jp", "natsu-no-yuki-7", Role.OPERATOR, name="当直")
    operator = Client()
    operator.force_login(account)
    with city.entered(World.EXERCISE):
        warnings.accept(flood_telegram(4, status="exercise"), via="test")
        outbox.drain()
    assert operator.get("/drill/staff/safety/").status_code == 200
    own = Actor("account:9", Role.RESIDENT, "", 9, ken.pk)
    assert [one.world for one in consent.accesses(own, ken.pk)] == ["exercise"]


@pytest.mark.parametrize(
    "typed",
    [
        "西町",
        "にしまち",
        "ﾆｼﾏﾁ1-2",
        "nishimachi",
        "試験市西町",
        "試験県試験市西町3番地",
        "〒965-0001 試験県試験市西町3番地",
        "９６５－０００１　西町",
        "〒9650001西町",
    ],
)
def test_a_town_is_found_by_ordinary_input(client: Client, city: City, typed: str) -> None:
    """Whatever hand a person writes, one town is answered at once."""
    assert "西町からの避難先" in client.get("/where/", {"q": typed}).content.decode()


def test_the_list_of_towns_can_be_read_through(client: Client, city: City) -> None:
    """Towns without readings come in short groups that name their ends, and the search says why."""
    page = client.get("/where/").content.decode()
    assert "ナ行" in page and "ローマ字" in page
    english = client.get("/where/", headers={"accept-language": "en"}).content.decode()
    assert "Nishimachi 西町" in english
    Town.objects.update(kana="")
    page = client.get("/where/").content.decode()
    assert "西町 … 東町" in page and "漢字でさがしてください" in page and "そのほか" not in page


def test_the_towns_of_an_order_can_be_read_in_latin_letters(client: Client, city: City) -> None:
    """Who reads no kanji must still see whether the own town is meant."""
    order = evacuation.draft_order(
        OPERATOR, level=4, hazard="flood", whole_city=False,
        towns=[city.towns["西町"].pk, city.towns["中町"].pk], reason="川の水位が上がったため",
    )  # fmt: skip
    evacuation.submit(OPERATOR, order.pk)
    evacuation.approve(APPROVER, order.pk)
    page = client.get("/", headers={"accept-language": "en"}).content.decode()
    assert "Nishimachi 西町, Nakamachi 中町" in page
    assert "西町、中町" in client.get("/").content.decode()
