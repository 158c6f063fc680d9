"""Every topic of the outbox that is written has someone who reads it, and the other way round."""

from __future__ import annotations

import ast

from sonae.platform import outbox
from tests.architecture.tree import dotted, modules


def constants(tree: ast.Module) -> dict[str, str]:
    """Strings that a module names at its top."""
    return {
        dotted(target): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(node.value.value, str)
    }


def published() -> set[str]:
    """The topics that calls of ``outbox.publish`` name, literally or by a constant of the module."""
    found = set()
    for path, tree in modules().items():
        named = constants(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) == "outbox.publish":
                topic = node.args[0]
                text = topic.value if isinstance(topic, ast.Constant) else named.get(dotted(topic))
                assert text, f"{path}:{node.lineno}: name the topic where a reader can see it"
                found.add(str(text))
    return found


def test_every_topic_has_a_reader() -> None:
    assert published()
    assert sorted(published() - set(outbox._subscribers)) == []


def test_every_reader_has_a_writer() -> None:
    topics = {
        topic for topic in outbox._subscribers if topic.count(".") == 1 and "test" not in topic
    }
    assert sorted(topics - published()) == []
