"""Which names a piece of our code gives to what it finds, read from its source."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path


def arguments_named(name: str, files: Iterable[Path]) -> set[str]:
    """Return the constants that *files* pass as the parameter *name* of functions of theirs.

    Constructors and functions from elsewhere count where they are called with the keyword.
    """
    trees = [ast.parse(file.read_text()) for file in files]
    places: dict[str, set[int]] = {}
    for node in _all(trees):
        if isinstance(node, ast.FunctionDef):
            parameters = [each.arg for each in node.args.args if each.arg != "self"]
            if name in parameters:
                places.setdefault(node.name, set()).add(parameters.index(name))
    found = set()
    for node in _all(trees):
        if isinstance(node, ast.Call):
            found |= {
                each.value
                for each in _passed(node, name, places)
                if isinstance(each, ast.Constant) and isinstance(each.value, str)
            }
    return found


def constants(files: Iterable[Path]) -> set[str]:
    """Return every string constant of *files*."""
    trees = [ast.parse(file.read_text()) for file in files]
    values = {node.value for node in _all(trees) if isinstance(node, ast.Constant)}
    return {value for value in values if isinstance(value, str)}


def _all(trees: Iterable[ast.Module]) -> Iterator[ast.AST]:
    for tree in trees:
        yield from ast.walk(tree)


def _passed(call: ast.Call, name: str, places: dict[str, set[int]]) -> Iterator[ast.expr]:
    yield from (each.value for each in call.keywords if each.arg == name)
    called = call.func
    word = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    for place in places.get(word, ()):
        if place < len(call.args):
            yield call.args[place]
