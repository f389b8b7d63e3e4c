"""A picture as a graph in Graphviz's language: open blocks are clusters; Graphviz lays it out."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.picture.description import step
from nnspec.picture.families import COLOURS
from nnspec.picture.flat import Flat, flat
from nnspec.picture.scene import Level


def dot(levels: list[tuple[str, Level]]) -> str:
    """The text of the file.

    Args:
        levels: the names of networks, and their levels.
    """
    lines = [
        "digraph network {",
        '  graph [fontname="Helvetica", compound=true]',
        '  node [shape=box, style="filled,rounded", fontname="Helvetica", fontsize=11]',
        '  edge [fontname="Helvetica", fontsize=9]',
    ]
    for number, (name, level) in enumerate(levels):
        lines += [
            f"  subgraph cluster_{number} {{",
            f"    label={_quoted(name)}",
            *_level(flat(level, f"n{number}"), "    "),
        ]
        lines.append("  }")
    return "\n".join([*lines, "}"]) + "\n"


def _level(found: Flat, indent: str) -> Iterator[str]:
    for node in found.nodes:
        if node.inside is not None:
            yield f"{indent}subgraph cluster_{node.name} {{"
            yield f"{indent}  label={_quoted(step(node.box))}"
            yield from _level(node.inside, indent + "  ")
            yield f"{indent}}}"
        else:
            fill, line = COLOURS[node.box.strips[0].family]
            shape = {"input": "ellipse", "output": "ellipse", "tap": "ellipse", "join": "circle"}.get(
                node.box.kind, "box"
            )
            if node.end:
                yield f'{indent}{node.name} [shape=point, width=0.02, label=""]'
            else:
                label = "\\n".join(_escaped(text) for text in step(node.box).split(", "))
                yield f'{indent}{node.name} [label="{label}", shape={shape}, fillcolor="{fill}", color="{line}"]'
    for edge in found.edges:
        label = f" [label={_quoted(edge.shape)}]" if edge.shape else ""
        yield f"{indent}{edge.source} -> {edge.target}{label}"


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
