"""L-Alert's receiving side over real sockets: who may publish, what is kept, and what is answered."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.db import DatabaseError

from sonae.core import clock
from sonae.core.errors import SonaeError
from sonae.domains.warnings import inputs as lines
from sonae.domains.warnings import interface as warnings
from sonae.domains.warnings.models import Telegram, WarningInput
from sonae.engines.warnings import read
from sonae.gateways.inputs import lalert, lalert_soap
from sonae.gateways.simulators import lalert as simulator
from sonae.gateways.simulators.lalert import Publisher, Refused, envelope, token
from sonae.platform import worlds
from sonae.platform.scope import Scope, World
from tests.conftest import real_data
from tests.domains.warnings.conftest import CODE, city  # noqa: F401 - a fixture
from tests.fixtures import ADMINISTRATOR
from tests.gateways.lines import (
    committed,  # noqa: F401 - a fixture
    supervised,
    until,
)
from tests.ports import free_port

USER, PASSWORD = "commons", "秘密のことば"
EDXL = """<?xml version="1.0" encoding="UTF-8"?>
<edxlde:EDXLDistribution xmlns:edxlde="urn:oasis:names:tc:emergency:EDXL:DE:1.0"
 xmlns:commons="http://xml.publiccommons.ne.jp/xml/edxl/">
<edxlde:distributionID>{number:08d}-608f-4e7a-a9f7-2fa941d1abe2</edxlde:distributionID>
<edxlde:dateTimeSent>2026-08-30T05:10:00+09:00</edxlde:dateTimeSent>
<edxlde:distributionStatus>{status}</edxlde:distributionStatus>
<commons:targetArea><commons:jisX0402>992011</commons:jisX0402></commons:targetArea>
<commons:contentObject><commons:documentID>doc-{number}</commons:documentID>
<commons:category>GeneralInformation</commons:category></commons:contentObject>
</edxlde:EDXLDistribution>"""


def edxl(number: int = 1, status: str = "Actual") -> bytes:
    return EDXL.format(number=number, status=status).encode()


def add(number: int, **more: str) -> WarningInput:
    options = {"port": str(number), "peers": "127.0.0.1", "user": USER, "password": PASSWORD}
    return warnings.add_input(
        ADMINISTRATOR, "lalert", "Lアラート", {**options, "host": "127.0.0.1", **more}
    )


@pytest.fixture
def port(city: Scope) -> Iterator[int]:  # noqa: F811
    """A running line."""
    found = free_port()
    add(found)
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        yield found


def publisher(port: int, password: str = PASSWORD, user: str = USER) -> Publisher:
    return Publisher(f"http://127.0.0.1:{port}/commons/", user, password)


def kept(world: World = World.LIVE) -> list[Telegram]:
    with worlds.entered(CODE, world):
        return list(Telegram.objects.order_by("pk"))


def refused(port: int, body: bytes) -> str:
    with pytest.raises(Refused) as found:
        publisher(port).send(body)
    return found.value.code


def test_a_message_is_on_disk_when_code_0_is_answered(port: int) -> None:
    assert publisher(port).publish(edxl()) == (0, "accepted")
    [one] = kept()
    assert (one.source, one.via, one.status) == ("lalert", "Lアラート", "actual")
    assert publisher(port).publish(edxl()) == (0, "duplicate"), "the same, with another token"
    assert publisher(port).publish(edxl(2, "Nonsense")) == (0, "kept")
    assert [one.state for one in kept()][1:] == ["refused"], "kept, and shown to a person"
    for status in ("Exercise", "Test", "System"):
        publisher(port).publish(edxl(3, status))
    assert len(kept()) == 2
    assert {one.status for one in kept(World.EXERCISE)} == {"exercise", "test"}


def test_the_samples_of_the_public_documents_arrive_as_they_are(port: int) -> None:
    for file in sorted(real_data("alerts/lalert").glob("*.xml")):
        assert publisher(port).publish(file.read_bytes())[0] == 0
        alone, carried = read(file.read_bytes()), read(bytes(kept()[-1].raw))
        assert (carried.title, carried.items, carried.status) == (
            alone.title,
            alone.items,
            alone.status,
        )
    assert len(kept()) == 3
    assert all(one.state != "refused" for one in kept())


@pytest.mark.parametrize(
    ("user", "password"), [(USER, "wrong"), ("other", PASSWORD), ("", ""), (USER, "")]
)
def test_a_wrong_word_is_a_fault_and_nothing_is_kept(port: int, user: str, password: str) -> None:
    with pytest.raises(Refused) as found:
        publisher(port, password, user).publish(edxl())
    assert found.value.code == "wsse:FailedAuthentication"
    assert "利用者" not in str(found.value), "callers are not told which was wrong"
    assert kept() == []
    until(lambda: "利用者名かパスワードが違います" in WarningInput.objects.get().error)


def signed(ago: float = 0.0, nonce: bytes = b"0123456789abcdef", document: bytes = b"") -> bytes:
    at = clock.SystemClock().now() - timedelta(seconds=ago)
    return envelope(document or edxl(), token(USER, PASSWORD, nonce=nonce, created=at))


def test_a_token_counts_once_and_only_in_its_time(port: int) -> None:
    call = signed()
    assert publisher(port).send(call) == (0, "accepted")
    assert refused(port, call) == "wsse:FailedAuthentication"
    stolen = signed(document=edxl(9))
    assert refused(port, stolen) == "wsse:FailedAuthentication", "another document, the same token"
    for ago in (400, -400, 86_400):
        assert refused(port, signed(ago, nonce=b"other")) == "wsse:FailedAuthentication"
    row = WarningInput.objects.get()
    assert len(row.progress["used"]) == 1
    warnings.set_enabled(ADMINISTRATOR, row.name, False)
    until(lambda: not answers(port))
    warnings.set_enabled(ADMINISTRATOR, row.name, True)
    until(lambda: answers(port))
    assert refused(port, stolen) == "wsse:FailedAuthentication", "also over a restart"
    assert len(kept()) == 1


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def test_what_is_unsafe_or_no_call_is_a_fault(port: int) -> None:
    call = signed(nonce=b"n")
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bb">]>' + call.partition(b"?>")[2]
    deep = b"<a>" * 5000 + b"</a>" * 5000
    for bad in (
        bomb,
        bomb.decode().encode("utf-16"),
        call[: len(call) // 2],
        b"",
        b"hello",
        b"<a/>",
        deep,
        call.replace(b"http://schemas.xmlsoap.org/soap/envelope/", b"urn:other"),
        call.replace(b"pcsoap:message", b"pcsoap:other"),
        envelope(b"", "").replace(b"<S:Header></S:Header>", b""),
    ):
        assert refused(port, bad) == "S:Client"
    for bad in (
        call.replace(b"#PasswordDigest", b"#PasswordText"),
        call.replace(b"wsse:UsernameToken", b"wsse:Other"),
        call.replace(b"<wsse:Nonce", b"<wsse:Other").replace(b"</wsse:Nonce", b"</wsse:Other"),
        call.replace(b"<wsu:Created>", b"<wsu:Created>x"),
        envelope(edxl(), ""),
    ):
        assert refused(port, bad) == "wsse:FailedAuthentication"
    assert kept() == []
    assert publisher(port).send(call) == (0, "accepted"), "the true one still counts"


def test_sizes_and_lengths_are_bounded(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lalert, "MAX_BYTES", 5000)
    for headers, body, status in (
        ({"Content-Length": "5001"}, b"", 413),
        ({"Content-Length": "-1"}, b"", 411),
        ({"Transfer-Encoding": "chunked"}, b"ffffff\r\n", 413),
        ({"Transfer-Encoding": "chunked"}, b"-5\r\n", 413),
        ({"Transfer-Encoding": "chunked"}, b"zz\r\n", 400),
    ):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        line.putrequest("POST", "/")
        for name, value in headers.items():
            line.putheader(name, value)
        line.endheaders(body)
        assert line.getresponse().status == status
        line.close()
    with socket.create_connection(("127.0.0.1", port), timeout=20) as half:
        half.sendall(b"POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n<S:Env")
    assert kept() == []


def test_a_body_in_chunks_is_taken(port: int) -> None:
    call = signed(nonce=b"chunks")
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    pieces = [call[at : at + 300] for at in range(0, len(call), 300)]
    line.request("POST", "/", body=iter(pieces), encode_chunked=True,
                 headers={"Transfer-Encoding": "chunked"})  # fmt: skip
    answer = line.getresponse()
    assert (answer.status, b"<pcsoap:code>0</pcsoap:code>" in answer.read()) == (200, True)
    line.close()


def test_xml_sent_as_text_is_taken_too(port: int) -> None:
    text = b"<![CDATA[" + edxl() + b"]]>"
    assert publisher(port).send(signed(document=text)) == (0, "accepted")
    assert bytes(kept()[0].raw) == edxl()


def test_nothing_is_confirmed_that_could_not_be_stored(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def accept(raw: bytes, **options: Any) -> warnings.Accepted:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(lines, "accept", accept)
        assert refused(port, signed()) == "S:Server"
    until(lambda: WarningInput.objects.get().restarts == 1)
    until(lambda: WarningInput.objects.get().state == "running")
    assert publisher(port).publish(edxl()) == (0, "accepted")


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name)
        .public_key(key.public_key()).serial_number(7)
        .not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "both.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


def test_over_tls_also_with_certificates_of_the_callers(city: Scope, tmp_path: Path) -> None:  # noqa: F811
    file, port = certificate(tmp_path), free_port()
    add(port, certificate=str(file), client_ca=str(file))
    tls = ssl.create_default_context(cafile=str(file))
    url = f"https://localhost:{port}/"
    with supervised():
        until(lambda: WarningInput.objects.get().state == "running")
        with pytest.raises(OSError):
            Publisher(url, USER, PASSWORD, tls).publish(edxl())
        until(lambda: "TLS" in WarningInput.objects.get().error)
        tls.load_cert_chain(str(file))
        assert Publisher(url, USER, PASSWORD, tls).publish(edxl()) == (0, "accepted")


@pytest.mark.parametrize(
    "more",
    [
        {"peers": "0.0.0.0/0"},
        {"peers": "8.8.8.8"},
        {"port": "1-2"},
        {"port": "x"},
        {"certificate": "/nowhere/a.pem"},
        {"password": ""},
        {"window": "soon"},
    ],
)
def test_settings_that_are_unsafe_or_cannot_work_are_refused(
    city: Scope,  # noqa: F811
    more: dict[str, str],
) -> None:
    with pytest.raises(SonaeError, match="unprocessable"):
        add(free_port(), **more)
    assert not WarningInput.objects.exists()


def test_the_digest_is_that_of_the_profile() -> None:
    """An example worked out by hand: Base64(SHA-1(nonce + created + password))."""
    made = lalert_soap.digest_of(b"abc", "2026-08-30T00:00:00Z", "secret")
    assert (
        made == base64.b64encode(hashlib.sha1(b"abc2026-08-30T00:00:00Zsecret").digest()).decode()
    )


def test_the_simulator_publishes_a_folder(port: int, tmp_path: Path) -> None:
    for number in (1, 2):
        (tmp_path / f"{number}.xml").write_bytes(edxl(number))
    options = ["--to", f"http://127.0.0.1:{port}/", "--every", "0", "--password", PASSWORD]
    told = CliRunner().invoke(simulator.command, [str(tmp_path), *options, "--exercise"])
    assert told.exit_code == 0, told.output
    assert told.output.splitlines() == ["1.xml\t0\taccepted", "2.xml\t0\taccepted"]
    assert (len(kept()), len(kept(World.EXERCISE))) == (0, 2)
    wrong = CliRunner().invoke(simulator.command, [str(tmp_path), *options[:-1], "wrong"])
    assert (wrong.exit_code, "FailedAuthentication" in wrong.output) == (1, True)
