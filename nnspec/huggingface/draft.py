"""The text of a spec as it comes together: what it imports, and a model, which is a variant or a list of statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from nnspec.formatting import format_text
from nnspec.huggingface.spelling import Argument, spelled

WIDTH = 120  # of a line
MARGIN = 60  # how far to the right arguments may stand below each other


class Variant(NamedTuple):
    """A model of the zoo with other arguments; `parameters` are those that the variant has itself."""

    file: str
    model: str
    arguments: Mapping[str, Argument]
    parameters: Sequence[str] = ()
    blocks: Sequence[str] = ()  # those of the file that the arguments name

    def text(self, name: str, about: str) -> str:
        """The spec, whose model is called `name`."""
        pieces = [f"{key} = {spelled(value)}" for key, value in self.arguments.items()]
        arguments = ", ".join(pieces)
        alias = f"{self.model} as Zoo{self.model}" if name == self.model else self.model
        if sum(len(each) + 2 for each in pieces) > WIDTH - 40:
            arguments = "\n" + "\n".join(filled(pieces, "  ")) + "\n"
        return written(
            f"# {about}\n"
            f'import {", ".join((alias, *self.blocks))} from "zoo/{self.file}.nn"\n\n'
            f"model {head(name, self.parameters)} = {alias.rpartition(' ')[2]}({arguments})\n"
        )


class Draft(NamedTuple):
    """A model that is written out, of blocks of the zoo: the names that it takes from each file, and its statements."""

    imports: Mapping[str, Sequence[str]]
    lines: Sequence[str]
    parameters: Sequence[str] = ()
    renames: Sequence[tuple[str, str]] = ()  # keys of published files that are spelled otherwise, and ours

    def text(self, name: str, about: str) -> str:
        """The spec, whose model is called `name`."""
        imports = [f'import {", ".join(names)} from "zoo/{file}.nn"\n' for file, names in self.imports.items() if names]
        renames = [f'rename "{theirs}" -> "{ours}"' for theirs, ours in self.renames]
        body = "\n".join((*renames, *self.lines))
        return written(f"# {about}\n{''.join(imports)}\nmodel {head(name, self.parameters)} {{\n{body}\n}}\n")


def head(name: str, parameters: Sequence[str]) -> str:
    """The name of a model with its parameters."""
    return f"{name}({', '.join(parameters)})" if parameters else name


def written(text: str) -> str:
    """A text in the canonical way, with long calls broken behind a comma."""
    lines = [line if len(line) <= WIDTH or line.startswith("#") else _broken(line)
             for line in format_text(text).splitlines()]  # fmt: skip
    return format_text("\n".join(lines) + "\n")


def _broken(line: str) -> str:
    """A line with a break behind arguments of its longest call; what stands within one argument stays together."""
    start, end = max(_calls(line), key=lambda ends: ends[1] - ends[0], default=(0, 0))
    if end == start:
        return line
    margin = len(line) - len(line.lstrip())
    inside = line[start + 1 : end]
    commas = [at for at in range(len(inside)) if inside[at] == "," and _depth(inside[:at]) == 0]
    pieces = [inside[first + 1 : last].strip() for first, last in pairwise([-1, *commas, len(inside)])]
    below = start > MARGIN  # then the arguments have lines of their own
    lines = filled(pieces, " " * (margin + 2 if below else start + 1))
    if below:
        return "\n".join((line[: start + 1], *lines, " " * margin + line[end:]))
    return line[: start + 1] + "\n".join(lines).lstrip() + line[end:]


def _calls(line: str) -> Iterator[tuple[int, int]]:
    """Where the outermost parentheses of a line stand."""
    open_at = 0
    for at, sign in enumerate(line):
        if sign == "(" and _depth(line[:at]) == 0:
            open_at = at
        if sign == ")" and _depth(line[: at + 1]) == 0:
            yield open_at, at


def _depth(text: str) -> int:
    return sum(text.count(sign) for sign in "([") - sum(text.count(sign) for sign in ")]")


def filled(arguments: Sequence[str], indent: str) -> list[str]:
    """Lines of arguments, with a comma behind each but the last; one that is longer than a line begins a new one."""
    lines = [indent]
    for index, argument in enumerate(arguments):
        text = argument + ("," if index < len(arguments) - 1 else "")
        if lines[-1].strip() and len(lines[-1]) + 1 + len(text) > WIDTH - 2:
            lines.append(indent)
        lines[-1] += f" {text}" if lines[-1].strip() else text
        within = " " * (lines[-1].find("[") + 1)  # only lists of numbers are that long
        while len(lines[-1]) > WIDTH and (cut := lines[-1].rfind(", ", 0, WIDTH)) > len(within):
            lines[-1:] = [lines[-1][: cut + 1], within + lines[-1][cut + 2 :]]
    return lines


def stacked(label: str, layers: Sequence[str]) -> list[str]:
    """The statements for layers one after the other: repeats are written once, and so is a turn of two kinds."""
    runs: list[tuple[int, str]] = []
    for layer in layers:
        again = runs and runs[-1][1] == layer
        runs[-1:] = [(runs[-1][0] + 1, layer)] if again else [*runs[-1:], (1, layer)]
    steps = [f"{count} x {layer}" if count > 1 else layer for count, layer in runs]
    if len(layers) == 1:
        return [f"{label}: {{", f"0: {layers[0]}", "}"]  # transformers numbers the only one, too
    if len(runs) == 1:
        return [f"{label}: {steps[0]}"]
    turn = next((turn for turn in range(2, 13) if len(runs) > 3 and _takes_turns(layers, turn)), None)
    if turn is not None:
        odd = next(at for at in range(turn) if layers[:turn].count(layers[at]) == 1)
        other = layers[(odd + 1) % turn]
        choice = f"if i % {turn} == {odd} {{ {layers[odd]} }} else {{ {other} }}"
        steps = [f"for i in 0..{len(layers) - 1} {{", choice, "}"]
    return [f"{label}: {{", *steps, "}"]


def _takes_turns(layers: Sequence[str], turn: int) -> bool:
    """Whether of each `turn` layers the same one is of another kind than the rest."""
    first = layers[:turn]
    return (
        len(set(first)) == 2
        and 1 in (first.count(each) for each in set(first))
        and all(layer == first[at % turn] for at, layer in enumerate(layers))
    )
