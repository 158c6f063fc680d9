"""From a warning to an order that two people decided, its receipts, its correction and its end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from sonae.domains.evacuation import interface as evacuation
from sonae.domains.messages import interface as messages
from sonae.domains.warnings import interface as warnings
from sonae.platform import outbox
from sonae.platform.access import Role
from tests.fixtures import City, flood_telegram

from .conftest import CheckPage, SignIn

APPROVE = "発令するには、対象人数（6）を入力してください"


@pytest.fixture
def drafted(city: City) -> City:
    """A level 4 flood warning has made its draft."""
    warnings.accept(flood_telegram(4), via="test")
    outbox.drain()
    return city


def test_draft_approve_receipts_correct_lift(
    page: Page, phone: Page, drafted: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """The clerk asks at the desk; the mayor decides on a phone; the page says it; it is ended."""
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/orders/")
    check_page(page, "orders")
    page.get_by_role("link", name="第1号").click()
    expect(page.get_by_text("対象：", exact=True)).to_be_visible()
    check_page(page, "order-draft")
    page.get_by_role("button", name="決裁を依頼する").click()
    expect(page.get_by_text("ほかの決裁者を待っています")).to_be_visible()
    assert page.get_by_label(APPROVE).count() == 0, "whoever asks does not decide"

    sign_in(phone, Role.APPROVER)
    phone.goto(page.url)
    check_page(phone, "order-decide-phone")
    phone.get_by_label(APPROVE).fill("60")
    phone.get_by_role("button", name="発令する").click()
    expect(phone.get_by_text("対象人数が一致しません")).to_be_visible()
    phone.get_by_label(APPROVE).fill("6")
    phone.get_by_role("button", name="発令する").click()
    expect(phone.get_by_text("発令しました")).to_be_visible()
    outbox.drain()

    page.reload()
    page.locator('section[aria-labelledby="sent"] a').first.click()
    expect(page.get_by_role("heading", name="手段ごと", exact=True)).to_be_visible()
    check_page(page, "receipts")
    path = page.url
    phone.goto(path)
    phone.get_by_label("正しい理由").fill("沢音川の増水")
    phone.get_by_role("button", name="次へ").click()
    expect(phone.get_by_text("沢音川の増水").first).to_be_visible()
    check_page(phone, "order-correction-phone")
    phone.get_by_role("button", name="使ったすべての手段へ訂正を送る").click()
    outbox.drain()
    assert messages.public_items()[0].kind == "correction"

    phone.goto(f"/staff/orders/{evacuation.orders()[0].pk}/")
    phone.get_by_role("link", name="解除する").click()
    expect(phone.get_by_text("解除しました。引き続き").first).to_be_visible()
    check_page(phone, "order-lift-phone")
    phone.get_by_role("button", name="解除して").click()
    outbox.drain()
    assert evacuation.orders_in_force() == []
    assert "解除" in messages.public_items()[0].subject


def test_sent_back_with_a_reason_that_the_clerk_reads(
    page: Page, phone: Page, drafted: City, sign_in: SignIn
) -> None:
    [order] = evacuation.orders()
    sign_in(page, Role.OPERATOR)
    page.goto(f"/staff/orders/{order.pk}/")
    page.get_by_role("button", name="決裁を依頼する").click()
    sign_in(phone, Role.APPROVER)
    phone.goto(page.url)
    phone.get_by_label("差し戻し・却下の理由").fill("東町も含めること")
    phone.get_by_role("button", name="差し戻す").click()
    page.reload()
    page.get_by_role("link", name="直す").click()
    expect(page.get_by_text("東町も含めること")).to_be_visible()


def test_towns_are_chosen_on_the_picture_or_in_the_list(
    page: Page, plain: Page, drafted: City, sign_in: SignIn, check_page: CheckPage
) -> None:
    """Pointer and keyboard make one choice; without scripts the list alone does it."""
    sign_in(page, Role.OPERATOR)
    page.goto("/staff/orders/new/")
    east = page.get_by_label("東町")
    ring = page.locator(f'[data-town="{drafted.towns["東町"].pk}"] circle')
    expect(east).not_to_be_checked()
    ring.click()
    expect(east).to_be_checked()
    expect(ring).to_have_attribute("stroke-width", "4")
    east.uncheck()
    expect(ring).to_have_attribute("stroke-width", "1")
    check_page(page, "order-new")

    sign_in(plain, Role.OPERATOR, name="二人目")
    plain.goto("/staff/orders/new/")
    plain.locator('input[name="level"][value="4"]').check()
    plain.get_by_label("災害の種類").select_option("flood")
    plain.get_by_label("東町").check()
    plain.get_by_label("理由").fill("手で起案")
    plain.get_by_role("button", name="保存して").click()
    expect(plain.get_by_text("東町").first).to_be_visible()
    assert evacuation.orders()[0].people == 6
