"""The pages of inquiries, names, PFIF and other cities: who may enter, the whole way, and silence."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from sonae.core import clock
from sonae.domains.consent.interface import AccessEvent
from sonae.domains.exchange.interface import (
    ExchangeDisclosure,
    NamePublication,
    PfifRecord,
    SafetyRequest,
    choices,
    partners,
)
from sonae.domains.identity import interface as identity
from sonae.domains.residents.interface import Resident
from sonae.domains.safety import interface as safety
from sonae.domains.safety.models import Inquiry, InquirySubject
from sonae.platform import paper
from sonae.platform.access import SYSTEM, Role
from sonae.platform.idempotency import FIELD
from tests.domains.exchange.test_partners import enrolled, visitor
from tests.domains.exchange.test_pfif_in_out import document, note, person
from tests.fixtures import City, actor
from tests.web.test_orders_pages import signed_in

pytestmark = pytest.mark.django_db
ROOT = "/staff/inquiries/"
FORM = {
    "asker": "kin_household", "asker_name": "備 梅", "relation": "おば", "reason": "心配",
    "asker_contact": "090-1111-2222",
}  # fmt: skip
PAGES = ("", "new/", "policy/", "names/", "partners/", "pfif/")


def ask(name: str, client: Client | None = None, **more: str) -> str:
    answer = (client or Client()).post("/inquiry/", {**FORM, "name": name, **more})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def act(client: Client, pk: int, verb: str, **form: str) -> str:
    answer = client.post(f"{ROOT}{pk}/{verb}/", form, follow=True)
    return answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_for_operators(city: City, path: str) -> None:
    for role, status in (
        (Role.OPERATOR, 200), (Role.APPROVER, 200), (Role.VIEWER, 403), (Role.RECEPTION, 403),
    ):  # fmt: skip
        assert signed_in(role).get(ROOT + path).status_code == status, role
    assert Client().get(ROOT + path).status_code == 302


def test_from_the_familys_question_to_its_answer(city: City) -> None:
    taro = city.residents["備 太郎"]
    safety.report_self([taro.pk], "safe", direction="shelter_at_home", actor=SYSTEM)
    address = ask("備 太郎")
    assert "受け付けました" in Client().get(address).content.decode()
    operator, approver = signed_in(Role.OPERATOR), signed_in(Role.APPROVER)
    pk = SafetyRequest.objects.get().pk
    assert "備 太郎" in operator.get(ROOT).content.decode()
    page = operator.get(f"{ROOT}{pk}/", {"q": "ソナエ タロウ"}).content.decode()
    assert f'value="r{taro.pk}"' in page
    act(operator, pk, "choose", key=f"r{taro.pk}")
    assert "本人確認を、先に" in act(operator, pk, "draft")
    act(operator, pk, "identify", identity="call_back")
    assert "起案しました" in act(operator, pk, "draft")
    assert "決裁する</button>" not in operator.get(f"{ROOT}{pk}/").content.decode()
    assert operator.get(f"{ROOT}{pk}/answer.pdf").status_code == 409
    assert "決裁しました" in act(approver, pk, "decide")
    pdf = operator.get(f"{ROOT}{pk}/answer.pdf")
    assert pdf.content.startswith(b"%PDF")
    assert "受け付けました" in Client().get(address).content.decode(), "decided is not given"
    act(operator, pk, "give", how="online")
    told = Client().get(address)
    assert "自宅にいます" in told.content.decode()
    assert told["Cache-Control"] == "private, no-store"
    assert told["Referrer-Policy"] == "no-referrer"
    own = Client()
    own.force_login(
        identity.add_account("t@example.jp", "natsu-no-yuki-7", Role.RESIDENT, resident_pk=taro.pk)
    )
    assert "安否照会：備 梅（おば）" in own.get("/me/").content.decode()


def test_who_is_shielded_or_refuses_after_the_decision_is_on_no_page_and_no_paper(
    city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    taro = city.residents["備 太郎"]
    safety.report_self([taro.pk], "injured", actor=SYSTEM)
    ask("備 太郎")
    operator, approver = _desk()
    pk = SafetyRequest.objects.get().pk
    act(operator, pk, "choose", key=f"r{taro.pk}")
    act(operator, pk, "identify", identity="call_back")
    act(operator, pk, "draft")
    act(approver, pk, "decide")
    printed: list[dict[str, Any]] = []
    render = paper.render
    monkeypatch.setattr(
        paper, "render", lambda form, data: (printed.append(data), render(form, data))[1]
    )

    def read() -> tuple[bool, bool]:
        assert operator.get(f"{ROOT}{pk}/answer.pdf").status_code == 200
        page = operator.get(f"{ROOT}{pk}/").content.decode()
        return bool(printed[-1]["lines"]), "けがをしている" in page

    assert read() == (True, True)
    Resident.objects.filter(pk=taro.pk).update(shielded=True)
    assert read() == (False, False), "shielded"
    assert printed[-1]["nothing"]
    Resident.objects.filter(pk=taro.pk).update(shielded=False)
    assert read() == (True, True)
    own = actor(Role.RESIDENT, 9, taro.pk)
    choices.choose(own, taro.pk, {"kin": "no"})
    assert read() == (False, False), "refused"


def test_a_draft_about_another_person_is_not_shown_by_the_right_of_the_next(city: City) -> None:
    taro, ken = city.residents["備 太郎"], city.residents["斎藤 健"]
    safety.report_self([taro.pk], "injured", actor=SYSTEM)
    ask("備 太郎")
    operator, _approver = _desk()
    pk = SafetyRequest.objects.get().pk
    act(operator, pk, "choose", key=f"r{taro.pk}")
    act(operator, pk, "identify", identity="call_back")
    assert "けがをしている" in act(operator, pk, "draft")
    assert "けがをしている" not in act(operator, pk, "choose", key=f"r{ken.pk}")
    assert "けがをしている" not in act(operator, pk, "draft")


def answered(city: City, name: str, chosen: str = "") -> bytes:
    """The page that who asked about somebody reads in the end, without what is the asker's own."""
    address = ask("同じ 名前")
    operator, approver = _desk()
    row = SafetyRequest.objects.order_by("-pk")[0]
    found = operator.get(f"{ROOT}{row.pk}/", {"q": name}).content.decode()
    for key in re.findall(r'value="([rv]\d+)"', found) if chosen else []:
        act(operator, row.pk, "choose", key=key)
    act(operator, row.pk, "identify", identity="licence")
    act(operator, row.pk, "draft")
    act(approver, row.pk, "decide")
    act(operator, row.pk, "give", how="online")
    page = Client().get(address)
    body = page.content.replace(address.encode(), b"")
    body = body.replace(f"受付番号 {row.number}<".encode(), b"")
    key = address.strip("/").rsplit("/", 1)[1]
    return body.replace(key.encode(), b"") + repr(sorted(page.headers.items())).encode()


def _desk() -> tuple[Client, Client]:
    """One operator and one approver for a test."""
    made = []
    for role in (Role.OPERATOR, Role.APPROVER):
        account = identity.Account.objects.filter(role=role.value).first()
        if account is None:
            made.append(signed_in(role))
        else:
            made.append(Client())
            made[-1].force_login(account)
    return made[0], made[1]


def test_unknown_shielded_and_refused_are_the_same_bytes(city: City) -> None:
    for name in ("佐藤 守", "斎藤 健", "備 太郎"):
        safety.report_self([city.residents[name].pk], "safe", actor=SYSTEM)
    refuses = Client()
    refuses.force_login(
        identity.add_account(
            "k@example.jp", "natsu-no-yuki-7", Role.RESIDENT,
            resident_pk=city.residents["斎藤 健"].pk,
        )
    )  # fmt: skip
    assert refuses.post("/me/telling/", {"kin": "no"}).status_code == 302
    unknown = answered(city, "名もない 人")
    shielded = answered(city, "佐藤 守", "r")
    refused = answered(city, "斎藤 健", "r")
    known = answered(city, "備 太郎", "r")
    assert unknown == shielded == refused
    assert known != unknown
    row = SafetyRequest.objects.exclude(resident=None).first()
    assert row is not None, "the one who refused was found and chosen"


def test_the_shielded_leave_no_trace_on_any_page(city: City) -> None:
    """Every page and file of the section reads the same with and without a shielded person missing."""
    hidden = city.residents["佐藤 守"]
    _under_inquiry(city)
    operator, _approver = _desk()
    ask("佐藤 守")
    pk = SafetyRequest.objects.get().pk
    operator.post(f"{ROOT}names/", {"title": "洪水"})
    names = NamePublication.objects.get().pk
    for path in ("", f"{pk}/?q=佐藤", f"{pk}/?q=マモル", f"names/{names}/", "pfif/", "partners/"):
        page = operator.get(ROOT + path).content.decode()
        assert "サトウ マモル" not in page, path
        assert f"r{hidden.pk}" not in re.findall(r'value="([rv]\d+)"', page), path
    assert "11人" in operator.get(f"{ROOT}names/{names}/").content.decode()
    answer = act(operator, pk, "choose", key=f"r{hidden.pk}")
    nobody = act(operator, pk, "choose", key="r999999")
    assert "この人は一覧にありません" in answer
    csrf = re.compile(
        r'name="csrfmiddlewaretoken" value="[^"]+"|datetime="[^"]+"|\d\d:\d\d(:\d\d)?'
    )
    assert csrf.sub("", answer) == csrf.sub("", nobody)
    assert not AccessEvent.objects.filter(subject=hidden.pk, decision="permit").exists()


def test_what_was_typed_stays_and_nothing_counts_twice(city: City) -> None:
    wrong = Client().post("/inquiry/", {**FORM, "name": "備 太郎", "reason": ""})
    assert wrong.status_code == 422
    assert 'value="備 梅"' in wrong.content.decode()
    for _again in range(2):
        ask("備 太郎", **{FIELD: "one-and-the-same"})
    assert SafetyRequest.objects.count() == 1
    assert Client().get("/inquiry/nonsense/").status_code == 404
    refused = Client().post("/inquiry/", {**FORM, "name": "x", "asker": "police"})
    assert refused.status_code == 422


def test_the_window_takes_an_inquiry_in_and_can_drop_it(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    form = {**FORM, "name": "備 太郎", "channel": "phone"}
    assert operator.post(f"{ROOT}new/", {**form, "asker_name": ""}).status_code == 422
    operator.post(f"{ROOT}new/", form)
    pk = SafetyRequest.objects.get().pk
    assert "取り下げました" in act(operator, pk, "withdraw")
    assert "備 太郎" in operator.get(ROOT, {"view": "done"}).content.decode()
    assert operator.post(f"{ROOT}{pk}/nonsense/").status_code == 404
    assert operator.get(f"{ROOT}{pk}/draft/").status_code == 302


def test_only_an_administrator_chooses_the_table(city: City) -> None:
    form = {"answer": "form_1", "publication": "kin_first"}
    assert signed_in(Role.OPERATOR).post(f"{ROOT}policy/", form).status_code == 403
    admin = signed_in(Role.ADMINISTRATOR)
    admin.post(f"{ROOT}policy/", form)
    page = admin.get(f"{ROOT}policy/").content.decode()
    assert re.search(r'value="form_1" checked', page)
    assert admin.post(f"{ROOT}policy/", {"answer": "x", "publication": "x"}).status_code == 422


def _under_inquiry(city: City) -> None:
    inquiry = Inquiry.objects.create(opened_at=clock.now(), reason="洪水")
    InquirySubject.objects.bulk_create(
        InquirySubject(
            inquiry=inquiry, resident=one, town=one.household.town, zone="inside", danger=1, need=0,
            added_at=clock.now(),
        )
        for one in city.residents.values()
    )  # fmt: skip


def test_names_for_the_prefecture(city: City) -> None:
    _under_inquiry(city)
    operator, approver = _desk()
    operator.post(f"{ROOT}names/", {"title": "7月の洪水"})
    pk = NamePublication.objects.get().pk
    path = f"{ROOT}names/{pk}/"
    assert operator.post(f"{path}csv/").status_code == 409
    operator.post(f"{path}check/")
    assert NamePublication.objects.get().state == "draft", "the box must be ticked"
    operator.post(f"{path}check/", {"sure": "1"})
    assert "決裁する</button>" in approver.get(path).content.decode()
    approver.post(f"{path}approve/")
    approver.post(f"{path}approve/")
    assert NamePublication.objects.get().state == "approved", "two people, not one twice"
    second = Client()
    second.force_login(identity.add_account("b@example.jp", "natsu-no-yuki-7", Role.APPROVER))
    second.post(f"{path}approve/")
    safety.report_self([city.residents["備 太郎"].pk], "safe", actor=SYSTEM)
    row = NamePublication.objects.get()
    assert operator.get(f"{path}csv/").status_code == 302 and row.handed_at is None
    text = operator.post(f"{path}csv/").content.decode("utf-8-sig")
    assert "備 花子,ソナエ ハナコ,西町" in text
    assert "備 太郎" not in text
    assert "取下げ" in text
    assert "番地" not in text
    assert signed_in(Role.VIEWER).post(f"{path}csv/").status_code == 403


def test_pfif_by_page(city: City) -> None:
    operator = signed_in(Role.OPERATOR)
    raw = io.BytesIO(document((person(photo_url="https://a.example/1.jpg"), [note()])))
    raw.name = "a.xml"
    page = operator.post(
        f"{ROOT}pfif/", {"file": raw, "source": "family"}, follow=True
    ).content.decode()
    assert "写真のアドレス" in page
    assert not PfifRecord.objects.exists()
    pk = re.search(r"a\.xml", page) and operator.get(f"{ROOT}pfif/").content.decode()
    [edition] = re.findall(r"/pfif/(\d+)/", str(pk))
    operator.post(f"{ROOT}pfif/{edition}/confirm/")
    assert PfifRecord.objects.count() == 2
    assert "旅野 人" in operator.get(f"{ROOT}pfif/").content.decode()
    bad = io.BytesIO(b"<!DOCTYPE x><x/>")
    bad.name = "b.xml"
    refused = operator.post(f"{ROOT}pfif/", {"file": bad, "source": "family"})
    assert refused.status_code == 422
    assert "DOCTYPE" in refused.content.decode()
    out = operator.post(f"{ROOT}pfif/export/", {"domain": "city.example.jp"})
    assert b"pfif/1.4" in out.content
    assert operator.get(f"{ROOT}pfif/export/").status_code == 400


def test_the_api_for_another_city(city: City) -> None:
    visitor("輪島 太郎", "石川県輪島市河井町1")
    visitor("佐藤 守", "石川県輪島市", "1999-09-09")
    row, key = enrolled()
    path = "/api/v1/exchange/people"
    for header in ({}, {"HTTP_AUTHORIZATION": "Bearer wrong"}, {"HTTP_AUTHORIZATION": "Basic x"}):
        assert Client().get(path, **header).status_code == 401  # type: ignore[arg-type]
    assert signed_in(Role.ADMINISTRATOR).get(path).status_code == 401, "no session opens it"
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {key}"}
    told = Client().get(path, **bearer).json()  # type: ignore[arg-type]
    assert [one["name"] for one in told["people"]] == ["輪島 太郎"]
    assert told["next"] is None
    assert told["legal_basis"] == partners.BASES[0]
    assert ExchangeDisclosure.objects.count() == 1
    assert Client().get(f"{path}?after=5", **bearer).status_code == 400  # type: ignore[arg-type]
    row.ends_at = clock.now() - timedelta(seconds=1)
    row.save()
    assert Client().get(path, **bearer).status_code == 401  # type: ignore[arg-type]
    page = signed_in(Role.OPERATOR).get(f"{ROOT}partners/{row.pk}/").content.decode()
    assert "輪島 太郎" in page


def test_a_key_is_shown_once_and_a_city_can_be_stopped(city: City) -> None:
    admin, operator = signed_in(Role.ADMINISTRATOR), signed_in(Role.OPERATOR)
    form = {
        "name": "輪島市", "prefecture": "石川県", "code": "172049", "basis": "第90条の4",
        "kind": ["name"], "until": (clock.today() + timedelta(days=9)).isoformat(),
    }  # fmt: skip
    assert operator.post(f"{ROOT}partners/", form).status_code == 422
    assert admin.post(f"{ROOT}partners/", {**form, "until": "x"}).status_code == 422
    page = admin.post(f"{ROOT}partners/", form).content.decode()
    [key] = re.findall(r"<code>([\w-]{40,})</code>", page)
    assert partners.partner_by_token(key) is not None
    assert key not in admin.get(f"{ROOT}partners/").content.decode()
    row = partners.partner_by_token(key)
    assert operator.post(f"{ROOT}partners/{row.pk}/stop/").status_code == 403  # type: ignore[union-attr]
    admin.post(f"{ROOT}partners/{row.pk}/stop/")  # type: ignore[union-attr]
    assert partners.partner_by_token(key) is None


def test_a_resident_decides_on_the_own_page(city: City) -> None:
    own = Client()
    taro = city.residents["備 太郎"]
    own.force_login(
        identity.add_account("t@example.jp", "natsu-no-yuki-7", Role.RESIDENT, resident_pk=taro.pk)
    )
    assert 'name="public" value="no" checked' in own.get("/me/telling/").content.decode()
    own.post("/me/telling/", {"public": "more", "kin": "no"})
    page = own.get("/me/telling/").content.decode()
    assert 'name="public" value="more" checked' in page
    assert 'name="kin" value="no" checked' in page
    assert own.post("/me/telling/", {"kin": "x"}).status_code == 422
    assert signed_in(Role.OPERATOR).get("/me/telling/").status_code == 403


def test_the_dead_are_added_with_their_familys_consent_on_the_page(city: City) -> None:
    taro = city.residents["備 太郎"].pk
    death = safety.propose_death(actor(Role.OPERATOR, 3), f"r{taro}", "police", clock.now())
    safety.decide_death(actor(Role.APPROVER, 4), death.pk, "agreed")
    clerk = signed_in(Role.OPERATOR)
    made = clerk.post(f"{ROOT}names/", {"title": "7月の洪水"})["Location"]
    page = clerk.get(made).content.decode()
    assert "亡くなった人を加える" in page and "備 太郎" in page
    bare = clerk.post(f"{made}add/", {"entry": taro, "kin": " "}, follow=True).content.decode()
    assert "家族の同意" in bare and "亡くなった人を加える" in bare
    done = clerk.post(f"{made}add/", {"entry": taro, "kin": "長男（窓口）"}, follow=True)
    assert "亡くなった人を加える" not in done.content.decode() and "死亡" in done.content.decode()


def test_another_city_asks_about_a_resident_and_two_people_answer_by_the_table(city: City) -> None:
    taro = city.residents["備 太郎"]
    safety.report_self([taro.pk], "injured", actor=SYSTEM)
    _row, key = enrolled()
    bearer = {"Authorization": f"Bearer {key}"}
    path = "/api/v1/exchange/requests"
    body = {
        "name": "備 太郎", "birth_date": "1950-04-01", "reason": "当市の避難所で親族がたずねている",
        "asker_name": "輪島 係長", "asker_contact": "0768-00-0000",
    }  # fmt: skip

    def send(**more: str) -> Any:
        return Client().post(path, body | more, content_type="application/json", headers=bearer)

    def read(number: str) -> Any:
        return Client().get(f"{path}/{number}", headers=bearer).json()

    assert Client().post(path, body, content_type="application/json").status_code == 401
    assert send(name=" ").status_code == 422 and send(reason="").status_code == 422
    mine, other = send().json()["id"], send(name="佐藤 守").json()["id"]
    waiting = read(mine)
    assert (waiting["state"], waiting["told"]) == ("waiting", {})
    operator, approver = _desk()
    first, second = SafetyRequest.objects.order_by("pk")
    page = operator.get(f"{ROOT}{first.pk}/").content.decode()
    assert "輪島市" in page and "登録した市町村の鍵" in page
    act(operator, first.pk, "choose", key=f"r{taro.pk}")
    for one, key_of in ((first, mine), (second, other)):
        assert "起案しました" in act(operator, one.pk, "draft")
        assert read(key_of)["told"] == {}, "a draft tells nothing"
        act(approver, one.pk, "decide")
        act(operator, one.pk, "give", how="online")
    told = read(mine)
    assert told["state"] == "answered" and told["as_of"]
    assert told["told"]["condition"] == "injured" and told["told"]["name"] == "備 太郎"
    assert "phone" not in told["told"]
    silent = read(other)
    assert (silent["state"], silent["told"], silent["as_of"]) == ("answered", {}, None)
    seen = AccessEvent.objects.filter(subject=taro.pk, purpose="safety_inquiry", decision="permit")
    assert seen.filter(recipient__contains="安否照会：輪島市").exists()
    _second, elsewhere = partners.enrol(
        actor(Role.ADMINISTRATOR, 5), "172057", "珠洲市", "石川県", partners.BASES[0], ("name",),
        clock.SystemClock().now() + timedelta(days=1),
    )  # fmt: skip
    stolen = Client().get(f"{path}/{mine}", headers={"Authorization": f"Bearer {elsewhere}"})
    assert stolen.status_code == 404, "another city's key reads no other city's inquiry"
    Resident.objects.filter(pk=taro.pk).update(shielded=True)
    assert read(mine)["told"] == {}, "who is shielded since is told of no more"
