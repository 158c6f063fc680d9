"""Every topic of the outbox that is written has someone who reads it, and the other way round."""

from __future__ import annotations

import ast

from sonae.platform import outbox
from tests.architecture.tree import dotted, modules


def published() -> set[str]:
    """The topics named literally in a call of ``outbox.publish``."""
    found = set()
    for tree in modules().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) in ("outbox.publish", "publish"):
                topic = node.args[0] if node.args else None
                assert isinstance(topic, ast.Constant), (
                    f"line {node.lineno}: name the topic literally"
                )
                found.add(str(topic.value))
    return found


def test_every_topic_has_a_reader() -> None:
    assert published()
    assert sorted(published() - set(outbox._subscribers)) == []


def test_every_reader_has_a_writer() -> None:
    topics = {
        topic for topic in outbox._subscribers if topic.count(".") == 1 and "test" not in topic
    }
    assert sorted(topics - published()) == []
