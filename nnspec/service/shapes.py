"""The shapes behind the steps of a text."""

from __future__ import annotations

from collections.abc import Sequence

from nnspec.layers.tensor_type import TensorType
from nnspec.service.answers import Inlay
from nnspec.service.document import Document, Types
from nnspec.syntax import tree as t
from nnspec.syntax.walk import nodes


def inlays(document: Document, start: int = 0, end: int | None = None) -> list[Inlay]:
    """The shape behind every step, as far as the text can be read; of a part of the text if offsets are given."""
    last = len(document.text) if end is None else end
    plain = _references(document)
    found: dict[int, Inlay] = {}
    for (first, offset), types in document.steps.items():
        if first >= start and offset <= last and (first, offset) not in plain:
            more = "\n".join(map(shown, types)) if len(types) > 1 else ""
            found.setdefault(offset, Inlay(offset, several(types), more))
    return sorted(found.values(), key=lambda inlay: inlay.offset)


def _references(document: Document) -> set[tuple[int, int]]:
    """Inputs whose shape is what stands there, and names of values in a tuple, which are no steps."""
    found: set[tuple[int, int]] = set()
    for node in nodes(document.tree.declarations):
        if isinstance(node, t.Input):
            types = document.steps.get((node.start, node.end))
            written = "".join(document.text[node.dtype.start : node.shape.end].split())
            if types and written == f"{types[0][0].dtype}{types[0][0]}".replace(" ", ""):
                found.add((node.start, node.end))
        if isinstance(node, t.Fed) and len(node.chain.items) == 1 and isinstance(node.chain.items[0].step, t.Name):
            found.add((node.chain.items[0].start, node.chain.items[0].end))
    return found


def one(type: TensorType) -> str:
    """`[N, 64]`; the kind of its elements where these are no floats."""
    return f"{type}" if type.dtype == "float" else f"{type.dtype}{type}"


def shown(types: Types) -> str:
    """The results of a step."""
    return ", ".join(map(one, types))


def several(kinds: Sequence[Types]) -> str:
    """The results of a step that is built for several kinds of inputs: the first and the last."""
    return shown(kinds[0]) if len(kinds) == 1 else f"{shown(kinds[0])} … {shown(kinds[-1])}"
