"""A resident registers a phone; what the city encrypts for it is shown by the worker, and a tap answers.

No push service can be reached in a test: subscribing is the one step that Chromium does with Google. The
subscription is made by our own service instead, and what arrives there, opened with the phone's own key,
is handed to the real worker as Chromium would.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from sonae.domains.messages import interface as messages
from sonae.domains.safety import interface as safety
from sonae.platform.access import Role
from tests.fixtures import City
from tests.gateways.push_service import Service, serving
from tests.gateways.test_push import issue, resident

from .conftest import CheckPage, SignIn
from .test_offline import ready

HANAKO = "備 花子"


def delivered(page: Page, payload: str) -> None:
    """Give the worker a push message, as the browser does when its push service calls."""
    devtools = page.context.new_cdp_session(page)
    found: list[str] = []

    def seen(event: dict[str, Any]) -> None:
        found.extend(one["registrationId"] for one in event["registrations"])

    devtools.on("ServiceWorker.workerRegistrationUpdated", seen)
    devtools.send("ServiceWorker.enable")
    page.wait_for_timeout(300)
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": page.evaluate("location.origin"), "registrationId": found[0], "data": payload},
    )


def test_a_phone_shows_what_the_city_says_and_a_tap_tells_that_i_am_safe(
    phone: Page, city: City, site: str, sign_in: SignIn, check_page: CheckPage, settings: Any
) -> None:
    settings.ISSUER = site
    service = Service()
    server = serving(service)
    person = city.residents[HANAKO]
    sign_in(phone, Role.RESIDENT, person.pk)
    phone.context.grant_permissions(["notifications"], origin=site)
    ready(phone, "/me/notices/")
    expect(phone.get_by_role("button", name="この端末で受け取る")).to_be_visible()
    expect(phone.get_by_text("まだ、受け取り先がありません。")).to_be_visible()
    check_page(phone, "receiving-empty-phone")

    browser = service.browser("phone")
    messages.add_push(
        resident(city, HANAKO), browser.endpoint, **browser.keys, label="iPhone Safari"
    )
    phone.reload()
    expect(phone.get_by_text("iPhone Safari")).to_be_visible()
    check_page(phone, "receiving-phone")

    issue(city)
    [told] = browser.shown
    delivered(phone, json.dumps(told))
    phone.wait_for_function(
        "navigator.serviceWorker.ready.then(r => r.getNotifications()).then(n => n.length === 1)"
    )
    shown = phone.evaluate(
        "navigator.serviceWorker.ready.then(r => r.getNotifications())"
        ".then(([n]) => ({title: n.title, body: n.body, url: n.data.url, tag: n.tag}))"
    )
    assert shown["title"].startswith("警戒レベル4")
    assert "西町" in shown["body"]
    delivered(phone, json.dumps({**told, "title": "訂正"}))
    phone.wait_for_function(
        "navigator.serviceWorker.ready.then(r => r.getNotifications())"
        ".then(n => n.length === 1 && n[0].title === '訂正')"
    )
    phone.goto(shown["url"])
    phone.get_by_role("button", name="無事です", exact=True).click()
    expect(phone.get_by_text("「無事です」を受け付けました。")).to_be_visible()
    assert safety.state_of([person.pk])[person.pk].status == "safe"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("verb", ["end"])
def test_without_javascript_what_is_registered_can_be_ended(
    plain: Page, city: City, sign_in: SignIn, check_page: CheckPage, verb: str
) -> None:
    service = Service()
    browser = service.browser("x")
    messages.add_push(resident(city, HANAKO), browser.endpoint, **browser.keys, label="Mac Firefox")
    sign_in(plain, Role.RESIDENT, city.residents[HANAKO].pk)
    plain.goto("/me/notices/")
    plain.get_by_role("button", name="Mac Firefoxをやめる").click()
    expect(plain.get_by_text("取り消しました。そこへは、もう送りません。")).to_be_visible()
    expect(plain.get_by_text("自分で取り消しました")).to_be_visible()
    assert messages.contacts_of(resident(city, HANAKO))[0].ended_why == "owner"
