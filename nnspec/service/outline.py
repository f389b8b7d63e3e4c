"""The outline of a text, and the lines of it that can be folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nnspec.service.answers import Fold, Symbol
from nnspec.service.document import Document
from nnspec.service.shapes import several
from nnspec.syntax import tree as t
from nnspec.syntax.walk import nodes


def outline(document: Document) -> list[Symbol]:
    """The models, blocks and recipes, with the inputs, labelled steps, values and outputs in each."""
    return [_declared(document, each) for each in document.tree.declarations if not isinstance(each, t.Import)]


def _declared(document: Document, node: t.Block | t.Model | t.Train) -> Symbol:
    kind = type(node).__name__.lower()
    name = node.name or t.Identifier(node.start, node.start + len("train"), "train")
    parameters = () if isinstance(node, t.Train) else node.parameters
    detail = ", ".join(document.text[each.start : each.end] for each in parameters)
    inside = node.body.statements if isinstance(node.body, t.Body) else ()
    children = tuple(_inside(document, inside, key=isinstance(node, t.Train)))
    return Symbol(name.text, kind, detail, node.start, node.end, name.start, name.end, children)


def _inside(document: Document, statements: Iterable[t.Statement], *, key: bool) -> Iterator[Symbol]:
    """The symbols of statements, in order."""
    for each in statements:
        match each:
            case t.Bind():
                kind = "key" if key else "value"
                labels = tuple(_labels(document, each.chain))
                for name in each.names:
                    detail = _line(document.text[each.chain.start : each.chain.end]) if key else ""
                    yield Symbol(name.text, kind, detail, each.start, each.end, name.start, name.end, labels)
            case t.Input():
                yield _symbol(document, each.name, "input", each)
            case t.Output():
                inside = () if each.chain is None else tuple(_labels(document, each.chain))
                yield _symbol(document, each.name, "output", each, inside)
            case t.Chain():
                yield from _labels(document, each)
            case t.If():
                for _, body in each.branches:
                    yield from _inside(document, body.statements, key=key)
                yield from _inside(document, each.otherwise.statements if each.otherwise else (), key=key)
            case t.For() | t.Training():
                yield from _inside(document, each.body.statements, key=key)
            case t.Phase():
                inside = tuple(_inside(document, each.body.statements, key=True))
                yield Symbol(each.name.text, "phase", "", each.start, each.end, each.name.start, each.name.end, inside)


def _labels(document: Document, chain: t.Chain) -> Iterator[Symbol]:
    """The labelled steps of a chain, with those in a group under its label."""
    for item in chain.items:
        bodies = _bodies(item.step)
        inside = [symbol for body in bodies for symbol in _inside(document, body.statements, key=False)]
        if item.label is not None:
            yield _symbol(document, item.label, "layer", item, tuple(inside))
        else:
            yield from inside


def _bodies(step: t.Step) -> list[t.Body]:
    match step:
        case t.Body():
            return [step]
        case t.Repeat():
            return _bodies(step.step)
        case t.Residual():
            return [body for body in (step.body, step.skip) if body is not None]
        case t.Merge():
            return [step.body]
    return []


def _symbol(
    document: Document, name: t.Identifier | t.Text, kind: str, node: t.Node, inside: tuple[Symbol, ...] = ()
) -> Symbol:
    types = document.steps.get((node.start, node.end))
    text = document.text[name.start : name.end].strip('"')
    return Symbol(text, kind, several(types) if types else "", node.start, node.end, name.start, name.end, inside)


def _line(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def folds(document: Document) -> list[Fold]:
    """Bodies, argument lists, comments and imports of several lines."""
    text = document.text
    found: dict[int, Fold] = {}

    def add(start: int, end: int, kind: str) -> None:
        end = min(end, len(text))
        if text.count("\n", start, end):
            found.setdefault(start, Fold(start, end, kind))

    for node in nodes(document.tree.declarations):
        if isinstance(node, (t.Body, t.Arguments, t.ListOf)):
            add(node.start, node.end - 1, "region")
    for match in re.finditer(r"(?m)^[ \t]*#[^\n]*(?:\n[ \t]*#[^\n]*)+", text):
        add(match.start(), match.end(), "comment")
    for match in re.finditer(r"(?m)^import\b[^\n]*(?:\n+import\b[^\n]*)+", text):
        add(match.start(), match.end(), "imports")
    return sorted(found.values(), key=lambda fold: fold.start)
