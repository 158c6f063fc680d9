"""What a J-Alert receiver pushes: tars with an inverted flag, mails in any encoding, and hostile ones."""

from __future__ import annotations

import io
import tarfile
import time
from datetime import datetime
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonae.core import clock
from sonae.engines.warnings import Warning, WarningRefused, read, split
from sonae.engines.warnings.jalert_pushed import MAIL, TAR, document, is_pushed, text_of
from sonae.engines.warnings.jalert_text import decode
from sonae.gateways.simulators.jma_socket import NATIONAL_TEST, message_tar

AT = datetime(2026, 8, 30, 5, 10, tzinfo=clock.JST)
MISSILE = "ミサイル発射。ミサイル発射。\n建物の中、または地下に避難してください。"


def tar_of(**files: bytes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as packed:
        for name, body in files.items():
            entry = tarfile.TarInfo(name.replace("__", "."))
            entry.size = len(body)
            packed.addfile(entry, io.BytesIO(body))
    return out.getvalue()


def tarred(body: bytes) -> Warning:
    return read(document(TAR, AT, body))


def mailed(
    text: str | bytes, *, subject: str | bytes = "J-ALERT", charset: str = "utf-8"
) -> Warning:
    return read(document(MAIL, AT, letter(text, subject=subject, charset=charset)))


def letter(text: str | bytes, *, subject: str | bytes = "", charset: str = "utf-8") -> bytes:
    body = text if isinstance(text, bytes) else text.encode(charset)
    head = subject if isinstance(subject, bytes) else subject.encode()
    return b"Subject: %s\r\nContent-Type: text/plain; charset=%s\r\n\r\n%s" % (
        head, charset.encode(), body,
    )  # fmt: skip


def test_a_tar_is_civil_protection_and_the_flag_is_inverted() -> None:
    real, training = tarred(message_tar(MISSILE)), tarred(message_tar(MISSILE, training=True))
    assert (real.status, training.status) == ("actual", "exercise")
    assert (real.source, real.telegram, real.issued_at) == ("jalert", "JALERT-JALT", AT)
    [item] = real.items
    assert (item.phenomenon, item.severity, item.areas) == ("civil_protection", "emergency", ())
    assert "建物の中" in real.headline
    assert real.deviations == ()


@pytest.mark.parametrize(
    ("ini", "text", "status"),
    [
        ("[Contents000]\r\nTrainingFlg=0\r\n", MISSILE, "exercise"),
        ("[contents000]\r\ntrainingflg = 0\r\n", MISSILE, "exercise"),
        ("[Other]\r\nTrainingFlg=0\r\n[Contents000]\r\nTrainingFlg=1\r\n", MISSILE, "actual"),
        ("[Contents000]\r\nTrainingFlg=1\r\n", NATIONAL_TEST, "test"),
        ("[Contents000]\r\nTrainingFlg=0\r\n", "これは訓練ではありません。", "exercise"),
        ("no ini at all", MISSILE, "actual"),
        ("[Contents000]\r\nFile=%(x)s\r\n", MISSILE, "actual"),
    ],
)
def test_flag_or_text_either_makes_it_an_exercise(ini: str, text: str, status: str) -> None:
    body = tar_of(a__ini=ini.encode("cp932"), a__txt=text.encode("cp932"), a__wav=b"RIFF")
    warning = tarred(body)
    assert warning.status == status
    assert ("no_training_flag" in warning.deviations) == (
        "TrainingFlg" not in ini.title().replace("flg", "Flg")
    )


def header(name: str = "a.txt", size: str = "4", kind: bytes = b"0") -> bytes:
    """A header block of our own making, with a checksum that holds."""
    head = bytearray(512)
    head[: len(name)] = name.encode()
    head[124 : 124 + len(size)] = size.encode()
    head[156:157] = kind
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (header("../../etc/passwd.txt") + b"x" * 512, "unsafe_archive"),
        (header("/etc/cron.d/a.txt") + b"x" * 512, "unsafe_archive"),
        (header("..\\a.txt") + b"x" * 512, "unsafe_archive"),
        (header("C:a.txt") + b"x" * 512, "unsafe_archive"),
        (header(kind=b"2", size="0"), "unsafe_archive"),
        (header(kind=b"1", size="0"), "unsafe_archive"),
        (header(kind=b"3", size="0"), "unsafe_archive"),
        (header(kind=b"S") + b"x" * 512, "unsafe_archive"),
        (header(size="77777777777"), "truncated"),
        (header(size="\x80\xff"), "broken_archive"),
        (header(size="-4") + b"x" * 512, "broken_archive"),
        (header(size="0") * 100, "unsafe_archive"),
        (header(size="10000000") + b"x" * 2_097_152, "too_large"),
        (b"not a tar" * 100, "broken_archive"),
        (b"", "broken_archive"),
        (message_tar(MISSILE)[:700], "truncated"),
        (tar_of(a__wav=b"RIFF"), "incomplete"),
        (tar_of(a__txt=bytes(range(0x81, 0xA0)) * 5), "garbled"),
        (header(kind=b"x", size="10000000") + b"1" * 2_097_152, "incomplete"),
    ],
)
def test_a_hostile_or_broken_tar_is_refused_at_once(body: bytes, code: str) -> None:
    began = time.perf_counter()
    with pytest.raises(WarningRefused) as refused:
        tarred(body)
    assert refused.value.code == code
    assert time.perf_counter() - began < 1.0
    assert text_of(document(TAR, AT, body)), "and staff see why"


def jis(text: str) -> bytes:
    return text.encode("iso2022_jp")


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (MISSILE, "utf-8"),
        (MISSILE, "iso-2022-jp"),
        (MISSILE, "cp932"),
        (MISSILE, "euc-jp"),
        (MISSILE.encode("cp932"), "utf-8"),
        (MISSILE.encode(), "iso-2022-jp"),
        (MISSILE.encode("euc_jp"), "us-ascii"),
        (jis(MISSILE), "utf-8"),
        (jis(MISSILE).replace(b"\x1b", b""), "iso-2022-jp"),
        (jis(MISSILE), "nonsense"),
    ],
)
def test_a_mail_is_read_whatever_became_of_its_letters(text: str | bytes, charset: str) -> None:
    warning = mailed(text, charset=charset)
    assert (warning.telegram, warning.status) == ("JALERT-JALT", "actual")
    assert "ミサイル" in warning.headline


def test_a_mail_that_was_misread_on_its_way_is_mended_or_refused() -> None:
    warning = mailed("繝溘し繧､繝ｫ", subject="J-ALERT")
    assert (warning.telegram, warning.deviations) == ("JALERT-JALT", ("mojibake",))
    with pytest.raises(WarningRefused, match="garbled"):
        mailed(MISSILE.encode().decode("cp932", "ignore"))


def test_letters_that_the_codec_of_the_library_refuses_are_read() -> None:
    nec = b"\x1b$B-!-\x62\x1b(B"  # ① № of NEC row 13
    assert decode(nec).text == "①№"
    assert decode(b"\x1b(I1\x1b(B").text == "ｱ"


@pytest.mark.parametrize(
    ("subject", "text", "status", "telegram"),
    [
        ("【訓練】国民保護情報", "ミサイル発射。", "test", "JALERT-JALT"),
        ("国民保護情報", "これは、Ｊアラートのテストです。", "test", "JALERT-JALT"),
        ("導通試験", "大雨警報", "test", "JALERT-WRMA"),
        ("国民保護", "核試験の情報。これは訓練ではありません。", "actual", "JALERT-JALT"),
        ("訓練ではありません", "ミサイル発射。", "actual", "JALERT-JALT"),
        ("Jアラート", "津波警報が発表されました。", "actual", "JALERT-ISSW"),
        ("Jアラート", "緊急地震速報。", "actual", "JALERT-EPRQ"),
    ],
)
def test_a_mail_says_what_it_is_and_whether_it_is_real(
    subject: str, text: str, status: str, telegram: str
) -> None:
    encoded = EmailMessage()
    encoded["Subject"] = subject
    encoded.set_content(text)
    for raw in (letter(text, subject=subject), encoded.as_bytes()):
        warning = read(document(MAIL, AT, raw))
        assert (warning.status, warning.telegram) == (status, telegram)


def test_a_mail_of_unknown_meaning_is_kept_for_a_person_and_never_an_emergency() -> None:
    warning = mailed("受信機の電源が入りました。", subject="お知らせ")
    assert "unknown_code:MAIL" in warning.deviations
    assert [item.severity for item in warning.items] == ["information"]


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (letter(b"\x82\xff\xfe\x80\xfd" * 9), "garbled"),
        (letter(""), "empty"),
        (b"", "empty"),
    ],
)
def test_a_mail_that_cannot_be_read_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(WarningRefused) as refused:
        read(document(MAIL, AT, raw))
    assert refused.value.code == code


def test_html_alone_is_read_without_its_tags() -> None:
    mail = EmailMessage()
    mail["Subject"] = "国民保護"
    mail.set_content("<html><body><p>ミサイル<b>発射</b></p></body></html>", subtype="html")
    assert "発射" in read(document(MAIL, AT, mail.as_bytes())).headline


def test_no_byte_that_a_database_refuses_is_left_in_a_headline() -> None:
    for text in (b"\0a\x1b[2J\x7f", "\udc80".encode("utf-8", "surrogatepass")):
        for warning in (
            tarred(tar_of(a__txt=b"missile " + text)),
            mailed(b"a\0" + b"missile " * 9),
        ):
            headline = warning.headline
            assert headline.encode()
            assert not set(headline) & set(map(chr, range(32)))


@given(st.binary(max_size=2000), st.sampled_from([TAR, MAIL]))
def test_no_bytes_make_it_fail_otherwise(body: bytes, form: str) -> None:
    raw = document(form, AT, body)
    assert is_pushed(raw)
    assert split(raw) == [raw]
    assert isinstance(text_of(raw), str)
    try:
        assert read(raw).items
    except WarningRefused as refused:
        assert refused.code


@given(st.binary(max_size=600))
def test_damage_to_a_real_tar_is_read_or_refused(noise: bytes) -> None:
    body = bytearray(message_tar(MISSILE))
    at = sum(noise) % len(body)
    body[at : at + len(noise)] = noise
    try:
        tarred(bytes(body))
    except WarningRefused as refused:
        assert refused.code
