"""Lアラート: evacuation orders broken down, their documents and revisions, and what is kept whole."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core.clock import JST
from sonae.engines.warnings import InForce, Warning, WarningRefused, in_force, read
from tests.engines.warnings.conftest import folder

T0 = datetime(2026, 8, 30, 5, 0, tzinfo=JST)
CITY = "352021"
DOCUMENT = "1f0f6f7e-0000-4000-8000-00000000000a"


def area(name: str, households: str = "", people: str = "", at: str = "") -> str:
    """One district of a Detail."""
    moment = f"<v:DateTime>{at}</v:DateTime>" if at else ""
    count = f'<v:Households v:unit="世帯">{households}</v:Households>' if households else ""
    count += f"<v:HeadCount>{people}</v:HeadCount>" if people else ""
    where = f"<v:Location>{name}</v:Location>" if name else ""
    return f"<v:Area>{where}{moment}<v:Object>{count}</v:Object></v:Area>"


def detail(sort: str, *areas: str, lift: str = "発令") -> str:
    """One 発令区分 × 発令・解除."""
    inside = f"<v:Areas>{''.join(areas)}</v:Areas>" if areas else ""
    return (
        f"<v:Detail><v:Sort>{sort}</v:Sort><v:IssueOrLift>{lift}</v:IssueOrLift>{inside}</v:Detail>"
    )


def message(
    *details: str,
    minutes: float = 0,
    revision: int = 1,
    status: str = "Actual",
    kind: str = "Report",
    document: str = DOCUMENT,
    category: str = "EvacuationOrder",
    title: str = "宇部市: 避難情報　発令",
    body: str = "",
) -> bytes:
    """A message in the public v1 form, with the mixed namespace versions seen in the samples."""
    sent = (T0 + timedelta(minutes=minutes)).isoformat()
    order = f"<v:EvacuationOrder>{''.join(details)}</v:EvacuationOrder>" if details else body
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<e:EDXLDistribution xmlns:e="urn:oasis:names:tc:emergency:EDXL:DE:1.0"
  xmlns:c="http://xml.publiccommons.ne.jp/xml/edxl/"
  xmlns:v="http://xml.publiccommons.ne.jp/pcxml1/body/evacuation4">
<e:distributionID>{document}{revision}</e:distributionID>
<e:senderID>ube.yamaguchi.jp</e:senderID>
<e:dateTimeSent>{sent}</e:dateTimeSent><e:distributionStatus>{status}</e:distributionStatus>
<e:distributionType>{kind}</e:distributionType>
<c:targetArea><c:areaName>宇部市</c:areaName><c:jisX0402>{CITY}</c:jisX0402></c:targetArea>
<c:contentObject><e:xmlContent><e:embeddedXMLContent>
<Report xmlns="http://xml.publiccommons.ne.jp/pcxml1/3">
<i:Head xmlns:i="http://xml.publiccommons.ne.jp/pcxml1/informationBasis3/">
<i:Title>{title}</i:Title><i:Headline><i:Text>土砂災害のおそれ</i:Text></i:Headline></i:Head>
{order}</Report></e:embeddedXMLContent></e:xmlContent>
<c:publishingOfficeName>宇部市</c:publishingOfficeName><c:publishingOfficeID>{CITY}</c:publishingOfficeID>
<c:documentRevision>{revision}</c:documentRevision><c:documentID>{document}</c:documentID>
<c:category>{category}</c:category></c:contentObject></e:EDXLDistribution>""".encode()


def lines(*raws: bytes, minutes: float = 60, status: str = "actual") -> dict[str, str]:
    """Area code → kind in force."""
    found: list[InForce] = in_force(
        [read(raw) for raw in raws], at=T0 + timedelta(minutes=minutes), status=status
    )
    return {line.area.code: line.kind for line in found}


def test_an_order_is_broken_down_by_district() -> None:
    raw = message(
        detail(
            "避難指示",
            area("東岐波", "120", "300", "2026-08-30T04:50:00+09:00"),
            area("西岐波", "1,050世帯", "２４００人"),
        ),
        detail("高齢者等避難", area("厚南")),
        detail("避難指示", area("小野", "10"), lift="解除"),
    )
    warning = read(raw)
    assert (warning.telegram, warning.office, warning.serial) == ("EvacuationOrder", "宇部市", "1")
    told = [
        (i.kind, i.severity, i.last_kind, i.areas[0].code, i.households, i.head_count)
        for i in warning.items
    ]
    assert told == [
        ("避難指示", "critical", "", "352021/東岐波", 120, 300),
        ("避難指示", "critical", "", "352021/西岐波", 1050, 2400),
        ("高齢者等避難", "warning", "", "352021/厚南", None, None),
        ("解除", "lifted", "避難指示", "352021/小野", 10, None),
    ]
    assert {(i.phenomenon, i.level) for i in warning.items} == {("evacuation", None)}
    assert all(i.areas[1].code == CITY for i in warning.items)
    assert warning.items[0].at == datetime(2026, 8, 30, 4, 50, tzinfo=JST)
    assert Warning.from_json(warning.to_json()) == warning
    assert not warning.deviations


@pytest.mark.parametrize(
    ("sort", "severity"),
    [
        ("緊急安全確保", "emergency"),
        ("避難指示", "critical"),
        ("高齢者等避難", "warning"),
        # Before May 2021, kept as such.
        ("災害発生情報", "emergency"),
        ("避難指示（緊急）", "critical"),
        ("避難勧告", "critical"),
        ("避難準備・高齢者等避難開始", "warning"),
        ("避難準備情報", "warning"),
        ("自主避難", "advisory"),
        ("警戒区域", "critical"),
    ],
)
def test_terms(sort: str, severity: str) -> None:
    (item,) = read(message(detail(sort, area("東岐波")))).items
    assert (item.kind, item.severity) == (sort, severity)


def test_an_unknown_term_is_a_warning_and_noted() -> None:
    warning = read(message(detail("全島退避", area("東岐波"))))
    assert warning.items[0].severity == "warning"
    assert warning.deviations == ("unknown_code:全島退避",)


def test_without_districts_it_is_for_the_whole_city() -> None:
    (item,) = read(message(detail("避難指示"))).items
    assert [(a.code, a.type) for a in item.areas] == [(CITY, "city")]


def test_numbers_that_are_none_are_noted_and_not_guessed() -> None:
    warning = read(message(detail("避難指示", area("東岐波", "調査中", "-"))))
    assert (warning.items[0].households, warning.items[0].head_count) == (None, None)
    assert set(warning.deviations) == {"not_a_number:Households", "not_a_number:HeadCount"}


def test_the_highest_revision_counts_whatever_the_clocks_say() -> None:
    first = message(detail("高齢者等避難", area("東岐波")), minutes=10, revision=1)
    second = message(detail("避難指示", area("東岐波")), minutes=5, revision=2, kind="Update")
    assert lines(first, second) == {"352021/東岐波": "避難指示", CITY: "避難指示"}
    assert lines(second, first) == lines(first, second)


def test_lifting_and_cancelling() -> None:
    order = message(detail("避難指示", area("東岐波"), area("西岐波")))
    partly = message(
        detail("避難指示", area("西岐波")),
        detail("避難指示", area("東岐波"), lift="解除"),
        revision=2, minutes=20,
    )  # fmt: skip
    assert lines(order, partly) == {"352021/西岐波": "避難指示", CITY: "避難指示"}
    over = message(
        detail("避難指示", area("東岐波"), area("西岐波"), lift="解除"), revision=3, minutes=30
    )
    assert lines(order, partly, over) == {}
    cancelled = message(revision=2, minutes=5, kind="Cancel")
    (item,) = read(cancelled).items
    assert (item.phenomenon, item.severity, item.areas) == ("evacuation", "lifted", ())
    assert lines(cancelled, order) == {}


def test_an_order_holds_until_it_is_lifted() -> None:
    order = message(detail("避難指示", area("東岐波")))
    assert lines(order, minutes=60 * 24 * 9) == {"352021/東岐波": "避難指示", CITY: "避難指示"}


def test_documents_and_worlds_are_apart() -> None:
    order = message(detail("避難指示", area("東岐波")))
    other = message(kind="Cancel", document="2" + DOCUMENT[1:], minutes=5)
    drill = message(kind="Cancel", status="Exercise", revision=9, minutes=5)
    assert lines(order, other, drill) == {"352021/東岐波": "避難指示", CITY: "避難指示"}
    trial = message(detail("避難指示", area("東岐波")), status="Exercise")
    assert lines(trial) == {}
    assert lines(trial, status="exercise") == {"352021/東岐波": "避難指示", CITY: "避難指示"}
    for status, ours in (("System", "test"), ("Test", "test"), ("exercise", "exercise")):
        assert read(message(detail("避難指示"), status=status)).status == ours


@pytest.mark.parametrize("status", ["", "Draft", "本番"])
def test_a_message_without_a_known_status_is_refused(status: str) -> None:
    with pytest.raises(WarningRefused) as refused:
        read(message(detail("避難指示"), status=status))
    assert refused.value.code == "unknown_status"


@pytest.mark.parametrize(
    "category", ["Shelter", "AntidisasterHeadquarter", "DamageInformation", "UrgentMail", "Event"]
)
def test_other_content_is_kept_whole_and_warns_of_nothing(category: str) -> None:
    body = "<x:Information xmlns:x='urn:x'><x:Message>本文です</x:Message></x:Information>"
    raw = message(category=category, title="宇部市からのお知らせ", body=body)
    warning = read(raw)
    (item,) = warning.items
    assert (warning.telegram, item.phenomenon, item.severity, item.kind) == (
        category, "other", "information", "宇部市からのお知らせ",
    )  # fmt: skip
    assert warning.deviations == ("kept_whole",)
    assert lines(raw) == {}


def test_the_samples_are_evacuation_orders_of_a_city_without_details() -> None:
    """Written by reading them: 加古川市, 避難勧告・指示情報　発令; no body follows the head."""
    for path in folder("lalert"):
        warning = read(path.read_bytes(), name=path.name)
        (item,) = warning.items
        assert (warning.telegram, warning.title) == (
            "EvacuationOrder", "加古川市: 避難勧告・指示情報　発令",
        )  # fmt: skip
        assert (item.phenomenon, item.kind) == ("evacuation", warning.title)
        assert [(a.code, a.type) for a in item.areas] == [("282103", "city")]
        assert warning.series == "LALERT|actual|7e573043-fc3c-4a6b-bdb8-a9608233b0af|282103"
        assert warning.headline.startswith("平成22年11月30日、A地区の土砂災害現場において")
        assert warning.deviations == ("kept_whole",)


STEPS = st.tuples(
    st.sampled_from(["避難指示", "高齢者等避難", "緊急安全確保"]),
    st.sampled_from(["発令", "発令", "解除", "取消"]),
    st.integers(0, 50),
)


@given(st.lists(STEPS, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_any_order_of_delivery_gives_the_last_revision(
    steps: list[tuple[str, str, int]], rng: object
) -> None:
    raws = [
        message(kind="Cancel", revision=n, minutes=at)
        if what == "取消"
        else message(detail(sort, area("東岐波"), lift=what), revision=n, minutes=at)
        for n, (sort, what, at) in enumerate(steps, start=1)
    ]
    sort, what, _ = steps[-1]
    expected = {"352021/東岐波": sort, CITY: sort} if what == "発令" else {}
    shuffled = [*raws, raws[0]]
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert lines(*shuffled) == expected
