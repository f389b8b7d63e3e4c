"""The statements of `__init__`: what a class builds, in containers where labels have dots, and how it starts."""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Collection
from itertools import count, groupby
from typing import Any

from nnspec.ir import Module
from nnspec.to_torch.breaking import WIDTH
from nnspec.to_torch.construct import Construct, Times, render
from nnspec.to_torch.formula import names
from nnspec.to_torch.layout import Layout, turns
from nnspec.to_torch.names import containers, in_order
from nnspec.to_torch.row import Raw
from nnspec.to_torch.uses import store

INDENT = 8
_LONG = 16  # a shorter expression is read again faster than a name is looked up
_CALL = re.compile(r"""(?<![\w."'])(?:max|min|int|round|abs)\((?:[^()"'\n]|\([^()"'\n]*\))*\)""")
_PLAIN = ("mean=0.0", "a=0.0", "b=1.0")  # arguments of `torch.nn.init` that are as by default

Built = dict[str, tuple[Construct, int]]  # by label: what is built, and how often


def statements(built: Built, merged: dict[str, Any], layout: Layout) -> list[str]:
    """The statements that build what a class holds; `merged` are the constructions over its parameters."""
    lines: list[str] = []
    seen: set[str] = set()
    labels = in_order((), merged)
    for label in labels:
        made, times = built[label]
        stem, _, last = label.rpartition(".")
        for container in containers(stem):
            if container not in seen and container.rpartition(".")[0] not in layout.lists:
                text = render(_container(container, labels, merged, layout), INDENT)
                lines.append(layout.assignment(container, text))
            seen.add(container)
        if stem in layout.lists:
            continue
        if times > 1:
            lines.append(f"for index in {turns(last, times)}:")
            lines.append("    " + layout.assignment_of_each(stem, render(merged[label], INDENT + 4)))
        else:
            lines += _built(label, merged[label], layout, made)
    return [" " * INDENT + line for line in lines]


def _built(label: str, merged: Any, layout: Layout, made: Construct) -> list[str]:
    """The statement that builds one thing, and those that start its weights."""
    target = layout.path(label)
    starts = merged.name == "initialise" and not target.startswith("getattr(")
    built = merged.arguments[0] if starts else merged
    lines = [layout.assignment(label, render(built, INDENT), store(made.layer))]
    if starts:
        lines += [_started(f"{target}.{name}", raw) for name, raw in merged.keywords.items()]
    return lines


def _started(weight: str, initialiser: Raw) -> str:
    """The call that starts a weight: `nn.init.normal_(self.wte.weight, std=0.02)`."""
    node = ast.parse(initialiser.text, mode="eval").body
    if not isinstance(node, ast.Call):
        return f"{initialiser.text}({weight})"
    given = [str(ast.get_source_segment(initialiser.text, each)) for each in node.keywords]
    return f"{ast.unparse(node.args[0])}({', '.join([weight, *(each for each in given if each not in _PLAIN)])})"


def _container(name: str, labels: list[str], merged: dict[str, Any], layout: Layout) -> Construct:
    """A container of a dotted path: a list with what it holds, or a module that the lines behind it fill."""
    if name not in layout.lists:
        return Construct(layout.kind(name))
    below = [label[len(name) + 1 :] for label in labels if label.startswith(f"{name}.")]
    children = [f"{name}.{child}" for child in dict.fromkeys(label.partition(".")[0] for label in below)]
    items = [merged[child] if child in merged else _container(child, labels, merged, layout) for child in children]
    return Construct(layout.kind(name), (Construct("[]", _folded(items)),))


def _folded(items: list[Any]) -> tuple[Any, ...]:
    """The items with those that are alike, one after the other, as repetitions where these are all there is."""
    runs = [(item, len(list(run))) for item, run in groupby(items)]
    return (Times(*runs[0]),) if len(runs) == 1 < runs[0][1] else tuple(items)


def by_position(made: Construct) -> Construct:
    """The construction of one of our classes, with the first arguments by position where one can tell what they are."""
    given = list(made.keywords.items())
    named = [isinstance(value, Raw) for _, value in given[:2]]
    leading = len(given) if len(given) <= 2 else 0 if not named[0] else 1 + named[1]
    return Construct(made.name, tuple(value for _, value in given[:leading]), dict(given[leading:]))


def hoisted(merged: dict[str, Any], parameters: Collection[str]) -> tuple[list[str], dict[str, Any]]:
    """The statements for what several constructions are given, as `hidden = max(16, in_channels // 4)`, and these."""
    found = Counter(call for made in merged.values() for raw in _raws(made) for call in _CALL.findall(raw.text))
    several = [call for call, count in found.items() if count > 1 and len(call) >= _LONG and names(call)]
    free = (f"hidden{number}" for number in count(2) if f"hidden{number}" not in parameters)
    chosen = {call: next(free) if place or "hidden" in parameters else "hidden" for place, call in enumerate(several)}
    lines = [f"{' ' * INDENT}{name} = {call}" for call, name in chosen.items()]
    return lines, {label: _with_names(made, chosen) for label, made in merged.items()} if lines else merged


def _raws(value: Any) -> list[Raw]:
    """The expressions in a construction."""
    if isinstance(value, Times):
        return _raws(value.item)
    if isinstance(value, Construct):
        return [raw for item in (*value.arguments, *value.keywords.values()) for raw in _raws(item)]
    return [value] if isinstance(value, Raw) else []


def _with_names(value: Any, chosen: dict[str, str]) -> Any:
    """The construction with names for expressions in it."""
    if isinstance(value, Times):
        return Times(_with_names(value.item, chosen), value.count)
    if isinstance(value, Construct):
        keywords = {name: _with_names(item, chosen) for name, item in value.keywords.items()}
        return Construct(
            value.name, tuple(_with_names(item, chosen) for item in value.arguments), keywords, value.layer
        )
    if isinstance(value, Raw):
        return Raw(_CALL.sub(lambda found: chosen.get(found[0], found[0]), value.text))
    return value


def ties(module: Module, layout: Layout) -> list[str]:
    """The statements that let parameters be other ones."""
    ends = ([layout.path(each, "_parameters") for each in (tie.parameter, tie.source)] for tie in module.ties)
    return [f"{' ' * INDENT}{parameter} = {source}" for parameter, source in ends]


def documentation(text: str) -> str:
    """The comment lines of the block as a docstring: the text goes through `repr` where it is not plain."""
    if not text:
        return ""
    if any('"""' in line or "\\" in line or not line.isprintable() for line in text.splitlines()):
        return f"    {text!r}\n\n"
    if "\n" not in text and len(text) <= WIDTH - 10:
        return f'    """{text.rstrip(chr(34))}"""\n\n'
    lines = text.splitlines()
    if max(map(len, lines)) > WIDTH - 7:
        parts = (textwrap.wrap(part, WIDTH - 7) for part in text.split("\n\n"))
        lines = "\n\n".join("\n".join(part) for part in parts).splitlines()
    return '    """' + "\n".join([lines[0], *(f"    {line}".rstrip() for line in lines[1:])]) + '\n    """\n\n'
