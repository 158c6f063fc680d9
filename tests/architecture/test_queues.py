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


def tables(tree: ast.Module) -> dict[str, set[str]]:
    """The strings in the dictionaries that a module names at its top."""
    return {
        dotted(node.target): {
            one.value for one in node.value.values if isinstance(one, ast.Constant)
        }
        for node in tree.body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    }


def published() -> set[str]:
    """The topics that calls of ``outbox.publish`` name: literally, by a constant or a table of the module."""
    found: set[str] = set()
    for path, tree in modules().items():
        named, listed = constants(tree), tables(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and dotted(node.func) == "outbox.publish":
                topic = node.args[0]
                if isinstance(topic, ast.Subscript):
                    assert listed[dotted(topic.value)], f"{path}:{node.lineno}"
                    found |= listed[dotted(topic.value)]
                    continue
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
