"""The staff pages say in words what is known of a message's signature."""

from __future__ import annotations

import pytest
from lxml import etree

from sonae.core import clock
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram
from sonae.engines.warnings.signature import certificates, check
from sonae.gateways.simulators.cap_feed import Signer
from sonae.platform.access import Role
from sonae.web.feeds import signing
from tests.engines.warnings.test_cap import alert
from tests.fixtures import ADMINISTRATOR, City
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db


def test_every_state_of_a_signature_is_a_word_and_the_false_one_alarms(city: City) -> None:
    signer = Signer()
    options = {"url": "https://example.jp/cap.xml", "certificates": signer.certificate}
    warnings.add_input(ADMINISTRATOR, "cap-feed", "署名あり", options)
    true, false = signer.sign(alert("a")), Signer().sign(alert("b", event="Tsunami Warning"))
    warnings.accept(true, via="署名あり")
    warnings.accept(false, via="署名あり", notes=("wrapped_in:feed",))
    warnings.accept(alert("c"), via="別の線")
    staff = signed_in(Role.VIEWER)
    overview = staff.get("/staff/warnings/?all=1").content.decode()
    for word in ("✓ 署名は有効", "✕ 署名は無効", "○ 署名なし", "読めなかった電文が1件あります"):
        assert word in overview
    row = Telegram.objects.get(signature="invalid")
    page = staff.get(f"/staff/warnings/{row.pk}/").content.decode()
    for word in ("✕ 署名は無効", "登録してある証明書の署名ではありません", "発表中の警報に数えていません",
                 "Tsunami Warning", "wrapped_in:feed", "signature_invalid"):  # fmt: skip
        assert word in page
    assert "Tsunami Warning" not in [line.kind for line in warnings.in_force()]


def test_a_neighbour_s_sonae_is_believed_by_the_certificate_that_it_publishes() -> None:
    signed = signing.sign(etree.fromstring(alert("a")))
    pinned = certificates(signing.certificate().decode())
    assert check(signed, pinned, at=clock.now()).state == "valid"
    changed = signed.replace(b"Severe", b"Minor")
    assert check(changed, pinned, at=clock.now()).why == "digest"


def test_a_certificate_is_typed_in_several_lines_and_stays(city: City) -> None:
    admin, pem = signed_in(Role.ADMINISTRATOR), Signer().certificate
    page = admin.get("/staff/inputs/").content.decode()
    assert '<textarea id="cap-feed-certificates"' in page
    form = {"kind": "cap-feed", "name": "x", "url": "https://x.jp/f", "certificates": "none"}
    answer = admin.post("/staff/inputs/add/", form)
    assert answer.status_code == 422
    assert "証明書（PEM）として読めません" in answer.content.decode()
    assert ">none</textarea>" in answer.content.decode()
    # A form sends every line end as CR LF.
    sent = {**form, "certificates": pem.replace("\n", "\r\n")}
    assert admin.post("/staff/inputs/add/", sent).status_code == 302
