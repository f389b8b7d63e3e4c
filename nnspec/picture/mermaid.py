"""A picture as a flowchart of Mermaid, which many pages of text show as a drawing."""

from __future__ import annotations

from collections.abc import Iterator

from nnspec.picture.description import step
from nnspec.picture.families import COLOURS
from nnspec.picture.flat import Flat, flat
from nnspec.picture.scene import Level


def mermaid(levels: list[tuple[str, Level]]) -> str:
    """The text of the file.

    Args:
        levels: the names of networks, and their levels.
    """
    lines = ["flowchart TB"]
    used: set[str] = set()
    for number, (name, level) in enumerate(levels):
        found = flat(level, f"n{number}")
        lines += [f"  subgraph m{number} [{_quoted(name)}]", *_level(found, "    ", used), "  end"]
    for family, (fill, line) in COLOURS.items():
        if family in used:
            lines.append(f"  classDef {family} fill:{fill},stroke:{line},color:#1c2733")
    return "\n".join(lines) + "\n"


def _level(found: Flat, indent: str, used: set[str]) -> Iterator[str]:
    for node in found.nodes:
        text = _quoted(step(node.box))
        if node.inside is not None:
            yield f"{indent}subgraph {node.name} [{text}]"
            yield from _level(node.inside, indent + "  ", used)
            yield f"{indent}end"
            continue
        family = node.box.strips[0].family
        used.add(family)
        left, right = {"input": ("([", "])"), "output": ("([", "])"), "tap": ("([", "])"), "join": ("((", "))")}.get(
            node.box.kind, ("[", "]")
        )
        yield f"{indent}{node.name}{left}{text}{right}:::{family}"
    for edge in found.edges:
        label = f"|{_quoted(edge.shape)}|" if edge.shape else ""
        yield f"{indent}{edge.source} -->{label} {edge.target}"


def _quoted(text: str) -> str:
    return '"' + text.replace("#", "#35;").replace('"', "#quot;") + '"'
