"""A gym without internet: two tablets, a laptop between them, and then the city comes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from sonae.domains.safety import interface as safety
from sonae.domains.safety.interface import PersonState, Sighting
from tests.fixtures import City
from tests.installation import copied
from tests.journeys.conftest import CheckPage, _context, _opened
from tests.journeys.devices import PIN, enrolled
from tests.journeys.edges import Network, Node
from tests.journeys.test_terminal import SYNCED, check_in_stranger, done, scan, token, unsent

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]


@pytest.fixture
def network(site: str) -> Iterator[Network]:
    made = Network(urlsplit(site).port or 80)
    yield made
    made.cut()


@pytest.fixture
def node(installation: Path, tmp_path: Path) -> Iterator[Node]:
    made = Node(copied(installation, tmp_path / "edge"))
    yield made
    made.kill()


def join(page: Page, code: str) -> None:
    """What reading the QR of the laptop's screen does."""
    scan(page, code)
    expect(page.locator("#edge-now")).to_contain_text("中継機 T003", timeout=SYNCED)


# A record whose time nobody can read: it must not keep the others of this node from being heard.
WRONG = """async pin => {
  const {openDevice, unlock} = await import("/static/reception/device.js"), {record} = await import("/static/reception/outbox.js");
  const device = await openDevice("live", "");
  await unlock(device, pin);
  await record(device, [{event: {direction: "in", person: {name: "時刻 不明"}, occurred_at: "きのう"}, names: []}]);
}"""


def test_two_tablets_and_a_laptop_without_the_city(
    browser: Browser, network: Network, node: Node, city: City, check_page: CheckPage
) -> None:
    """Each sees whom the other received; nothing is called sent; the city then has each record once."""
    site = f"http://localhost:{network.port}"
    with (
        _context(browser, site, viewport={"width": 1024, "height": 768}) as one,
        _context(browser, site, viewport={"width": 1024, "height": 768}) as two,
    ):
        first, second = _opened(one), _opened(two)
        enrolled(first, name="受付1")
        enrolled(second, name="受付2")
        secret = safety.enrol_terminal("F2", "中継1", purpose="edge")[1]
        node.start(site, secret)
        laptop = _opened(one)
        laptop.goto(node.address)
        code = laptop.locator("figure code").inner_text()
        check_page(laptop, "edge-laptop")

        network.cut()
        join(first, code)
        join(second, code)
        first.evaluate(WRONG, PIN)
        scan(first, token("R0011"))
        first.get_by_role("button", name="印の人を受付する").click()
        done(first, "備 太郎")
        check_in_stranger(first, "外来 一郎")
        expect(first.locator("#unsent")).to_have_text(
            "未送信 3件（うち3件は中継機が預かり）", timeout=SYNCED
        )
        expect(first.locator("#net")).to_contain_text("市にはまだ届いていません", timeout=SYNCED)

        scan(second, "ソナエ タロウ")
        expect(second.locator("#found")).to_contain_text(
            re.compile("受付済み .*受付1"), timeout=SYNCED
        )
        second.keyboard.press("Escape")
        second.locator("#new").evaluate("box => { box.open = true; }")
        second.get_by_label("氏名かフリガナ").fill("外来 一郎")
        second.keyboard.press("Enter")
        expect(second.locator("#new-said")).to_contain_text("「受付1」で受け付けています")
        check_in_stranger(second, "外来 二郎")
        expect(second.locator("#unsent")).to_have_text(
            "未送信 1件（うち1件は中継機が預かり）", timeout=SYNCED
        )

        node.kill()
        check_in_stranger(second, "外来 三郎")
        expect(second.locator("#edge-now")).to_contain_text("返事がありません", timeout=SYNCED)
        expect(second.locator("#unsent")).to_have_text("未送信 2件（うち1件は中継機が預かり）")
        node.start()
        expect(second.locator("#unsent")).to_have_text(
            "未送信 2件（うち2件は中継機が預かり）", timeout=SYNCED
        )
        for page in (first, second, laptop):
            page.problems.clear()  # type: ignore[attr-defined]  # the browser reports the cut itself
        for page in (first, second):
            page.locator("#edge-box").evaluate("box => { box.open = true; }")
        check_page(second, "edge-terminal")
        assert Sighting.objects.count() == 0

        far = safety.enrol_terminal("F1", "受付3")[0]
        elsewhere = _checked_in(far)
        one.route("**/api/**", lambda route: route.abort())  # the tablets stay without the city
        two.route("**/api/**", lambda route: route.abort())
        network.restore()
        unsent(first, 0)
        unsent(second, 0)
        laptop.goto(node.address)
        expect(laptop.locator("#now")).to_contain_text("市にまだ届いていない記録 0件")
        check_page(laptop, "edge-laptop-sent")
        one.unroute("**/api/**")
        two.unroute("**/api/**")
        for page in (first, second):
            page.evaluate("dispatchEvent(new Event('online'))")
            expect(page.locator("#net")).to_have_text("サーバーにつながっています", timeout=SYNCED)
    stored = Sighting.objects.exclude(pk=elsewhere)
    assert sorted(stored.values_list("device", flat=True)) == [*["T001"] * 3, "T002", "T002"]
    assert stored.filter(offline=True, refusal="").count() == 4
    assert PersonState.objects.get(resident=city.residents["備 太郎"].pk).conflict


def _checked_in(terminal: safety.Terminal) -> str:
    """備 太郎 is received at another shelter at the same time, where the network stands."""
    from sonae.core import clock
    from sonae.core.ids import HybridClock, uuid7

    event = {
        "id": str(uuid7()), "direction": "in", "occurred_at": clock.now().isoformat(),
        "clock": str(HybridClock(terminal.code).tick()), "person": {"resident_id": "R0011"},
    }  # fmt: skip
    [answer] = safety.receive(terminal, [event])
    assert answer.status == "accepted"
    return str(event["id"])


def test_a_laptop_that_is_no_node_of_the_city_gets_nothing(
    page: Page, city: City, check_page: CheckPage
) -> None:
    """Somebody else's machine on the Wi-Fi, or a mistyped code: said so, and nothing handed over."""
    enrolled(page)
    page.locator("#edge-box").evaluate("box => { box.open = true; }")
    said = page.locator("#edge-said")
    page.locator("#edge-code").fill("なにか")
    page.get_by_role("button", name="中継機につなぐ").click()
    expect(said).to_contain_text("中継機のQRコードではありません")
    sent: list[str] = []

    def fake(route: object, request: object) -> None:
        sent.append(request.post_data)  # type: ignore[attr-defined]
        headers = {"Access-Control-Allow-Origin": "*"}
        route.fulfill(status=200, headers=headers, json={"iv": "AAAAAAAAAAAAAAAA", "data": "AAAA"})  # type: ignore[attr-defined]

    page.context.route("**/edge/exchange", fake)
    page.locator("#edge-code").fill(
        "https://city.example/reception/device/#edge=T009@http://127.0.0.1:9"
    )
    page.get_by_role("button", name="中継機につなぐ").click()
    expect(said).to_contain_text("市が登録した中継機だと確かめられない")
    expect(page.locator("#edge-leave")).to_be_hidden()
    check_page(page, "edge-false")
    assert len(sent) == 1
    assert "備" not in sent[0]
