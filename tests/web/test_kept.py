"""Pages kept for a moment: fresh within a second, one renderer, nobody's words to another."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator

import pytest
from django.test import RequestFactory
from django.utils import translation

from sonae.platform.scope import Scope, World, bound
from sonae.web import kept

LIVE = Scope("992011", World.LIVE)


@pytest.fixture(autouse=True)
def _empty() -> Iterator[None]:
    """Nothing kept before or after, in one scope."""
    kept.forget()
    with bound(LIVE):
        yield
    kept.forget()


def test_a_page_is_rendered_once_while_it_is_fresh() -> None:
    """A thousand readers, one rendering."""
    calls: list[int] = []

    def render() -> bytes:
        calls.append(1)
        return b"page"

    pages = {kept.keep("front", 60, render).plain for _ in range(1000)}
    assert pages == {b"page"} and len(calls) == 1


def test_a_page_that_is_due_is_rendered_again_and_an_unchanged_one_keeps_its_tag() -> None:
    """The tag follows the content, not the time."""
    bodies = iter([b"a", b"a", b"b"])
    tags = [kept.keep("front", 0, lambda: next(bodies)).etag for _ in range(3)]
    assert tags[0] == tags[1] != tags[2]


def test_worlds_languages_and_cities_are_kept_apart() -> None:
    """A drill's page must never answer in the live world."""

    def put(text: bytes) -> bytes:
        return kept.keep("front", 60, lambda: text).plain

    assert put(b"live") == b"live"
    with bound(Scope("992011", World.EXERCISE)):
        assert put(b"drill") == b"drill"
    with bound(Scope("352021", World.LIVE)):
        assert put(b"ube") == b"ube"
    with translation.override("en"):
        assert put(b"english") == b"english"
    assert put(b"again") == b"live"


def test_while_one_renders_the_others_get_the_last_page_at_once() -> None:
    """A slow database delays one reader, not all."""
    kept.keep("front", 0, lambda: b"old")
    begun, go = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        assert go.wait(10)
        return b"new"

    def renew() -> None:
        with bound(LIVE):
            kept.keep("front", 0, slow)

    worker = threading.Thread(target=renew)
    worker.start()
    assert begun.wait(10)
    assert kept.keep("front", 0, lambda: b"never").plain == b"old"
    go.set()
    worker.join(10)
    assert kept.keep("front", 60, lambda: b"never").plain == b"new"


def test_a_renderer_that_fails_lets_go() -> None:
    """After an error the next reader tries again."""

    def broken() -> bytes:
        raise OSError("database gone")

    with pytest.raises(OSError, match="database gone"):
        kept.keep("front", 0, broken)
    assert kept.keep("front", 0, lambda: b"back").plain == b"back"


def test_answers_are_304_packed_or_plain() -> None:
    """Who has it gets no body; who can unpack gets less; the bytes are the same."""
    page = kept.page_of("いまの状況".encode() * 50)
    ask = RequestFactory()
    packed = kept.answer(ask.get("/", headers={"accept-encoding": "br, gzip"}), page, packed=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content) == page.plain and len(packed.content) < len(page.plain)
    plain = kept.answer(ask.get("/", headers={"accept-encoding": "gzip"}), page, packed=False)
    assert plain.content == page.plain
    again = kept.answer(ask.get("/", headers={"if-none-match": page.etag}), page, packed=True)
    assert (again.status_code, again.content) == (304, b"")
    other = kept.answer(ask.get("/", headers={"if-none-match": 'W/"x"'}), page, packed=True)
    assert other.status_code == 200
    for response in (packed, plain, again):
        assert response.headers["ETag"] == page.etag
        assert (
            "Cookie" in response.headers["Vary"] and response.headers["Cache-Control"] == "no-cache"
        )


def test_only_so_many_pieces_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader who asks for everything fills no memory; the newest stay."""
    monkeypatch.setattr(kept, "MOST_KEPT", 8)
    for n in range(50):
        kept.keep(f"town:{n}", 60, lambda: b"x")
    assert len(kept._kept) <= 8
    assert kept.keep("town:49", 60, lambda: b"new").plain == b"x"
