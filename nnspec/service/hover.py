"""The remarks on a word: its shape, its parameters and arithmetic, its page in the reference."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nnspec.diagnostics import SpecError
from nnspec.elaborate.builder.signature import block_signature, signature
from nnspec.explain import explain
from nnspec.highlight import KEYWORDS
from nnspec.ir.program import Call
from nnspec.layers import registry
from nnspec.recipe.recipe import KEYS
from nnspec.reference import page_of
from nnspec.service.answers import Hover
from nnspec.service.document import Document
from nnspec.service.names import Names
from nnspec.service.shapes import shown
from nnspec.syntax import tree as t
from nnspec.syntax.walk import nodes
from nnspec.why import labelled, why

_WORD = r"[A-Za-z_]\w*"
_FEW = 6  # kinds of inputs of which each is told


def hover(document: Document, offset: int) -> Hover | None:
    """What is to be said of the word or sign at an offset, as Markdown; None where there is nothing."""
    word = _word(document.text, offset)
    step = _step(document, offset)
    parts = [*(_of_step(document, step) if step is not None else ())]
    if word is not None:
        parts += _of_word(document, *word)
    place = word if word is not None else None if step is None else (step.start, step.end)
    if place is None or not parts:
        return None
    return Hover(place[0], place[1], "\n\n---\n\n".join(parts))


def _word(text: str, offset: int) -> tuple[int, int] | None:
    """The word at an offset, outside comments."""
    start = text.rfind("\n", 0, offset) + 1
    end = text.find("\n", offset)
    line = text[start : len(text) if end < 0 else end]
    for match in re.finditer(rf'#.*|"(?:\\.|[^"\\])*"|{_WORD}', line):
        if start + match.start() <= offset <= start + match.end() and match[0][0] not in '#"':
            return start + match.start(), start + match.end()
    return None


def _step(document: Document, offset: int) -> t.Item | t.Input | None:
    """The smallest step or input around an offset."""
    around = [
        node
        for node in nodes(document.tree.declarations)
        if isinstance(node, (t.Item, t.Input)) and node.start <= offset <= node.end
    ]
    inner = min(around, key=lambda node: node.end - node.start, default=None)
    bodies = (t.Body, t.Repeat, t.Residual, t.Merge)
    if isinstance(inner, t.Item) and isinstance(inner.step, bodies) and offset > inner.step.start + len("residual"):
        return None  # somewhere in a group, not on a step of it
    return inner


def _of_step(document: Document, step: t.Item | t.Input) -> Iterator[str]:
    types = document.steps.get((step.start, step.end))
    if not types:
        return
    lines = [f"`{shown(each)}`" for each in types[:_FEW]]
    more = [f"... and {len(types) - _FEW} more"] if len(types) > _FEW else []
    yield "  \n".join(lines + more)
    for model in document.models:
        for path, call in labelled(model.program):
            if _is_at(call, document, step):
                told = why(model.program, path)
                if told is not None:
                    reasons = [f"{reason}" for reason in told.reasons]
                    given = ", ".join(f"{each.dtype}{each}" for each in told.inputs if each is not None)
                    results = ", ".join(f"{each.dtype}{each}" for each in told.outputs)
                    head = f"{model.name}: {path}" + (f" ({call.count} times)" if call.count > 1 else "")
                    yield "\n".join(["```text", head, f"{given or 'nothing'} -> {results}", *reasons, "```"])
                return


def _is_at(call: Call, document: Document, step: t.Item | t.Input) -> bool:
    place = call.place
    return place is not None and (place.file, place.start, place.end) == (document.source.name, step.start, step.end)


def _of_word(document: Document, start: int, end: int) -> Iterator[str]:
    word = document.text[start:end]
    names = document.once(Names)
    found = names.at(start)
    if found is not None and (found.start, found.end) == (start, end):
        definition = document.readable.declarations.names.get(word)
        if definition is not None and found.key[1] < 0:
            text = definition.declaration.documentation
            kind = type(definition.declaration).__name__.lower()
            yield f"```nn\n{kind} {block_signature(definition)}\n```" + (f"\n\n{text}" if text else "")
        return
    layer = registry.find(word) or registry.find_construct(word) or registry.find_by("function", word)
    if layer is not None:
        page = explain(layer.__name__)
        head, _, rest = page.partition("\n\n")
        yield f"```nn\n{head}\n```\n\n{rest}" if head == signature(layer) else page
        return
    known = word in KEYWORDS or word in KEYS or page_of(word) is not None
    if known:
        try:
            yield explain(word)
        except SpecError:
            return
