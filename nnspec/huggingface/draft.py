"""The text of a spec as it comes together: what it imports, and a model, which is a variant or a list of statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import fill
from typing import NamedTuple

from nnspec.formatting import format_text
from nnspec.huggingface.spelling import Argument, spelled

WIDTH = 120


class Variant(NamedTuple):
    """A model of the zoo with other arguments; `parameters` are those that the variant has itself."""

    file: str
    model: str
    arguments: Mapping[str, Argument]
    parameters: Sequence[str] = ()
    blocks: Sequence[str] = ()  # those of the file that the arguments name

    def text(self, name: str, about: str) -> str:
        """The spec, whose model is called `name`."""
        arguments = ", ".join(f"{key} = {spelled(value)}" for key, value in self.arguments.items())
        alias = f"{self.model} as Zoo{self.model}" if name == self.model else self.model
        if len(arguments) > WIDTH - 40:
            arguments = f"\n{filled(arguments, '  ', '  ')}\n"
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
    indent = line[: len(line) - len(line.lstrip())]
    return filled(line.lstrip(), indent, " " * (line.find("(") + 1))


def filled(text: str, first: str, other: str) -> str:
    """A text on lines of their width, which begin with these blanks; what is named stays with its name."""
    glued = text.replace(" = ", "~=~").replace(" -> ", "~->~")
    found = fill(glued, WIDTH, initial_indent=first, subsequent_indent=other, break_on_hyphens=False,
                 break_long_words=False)  # fmt: skip
    return found.replace("~", " ")


def stacked(label: str, layers: Sequence[str]) -> list[str]:
    """The statements for layers one after the other: repeats are written once, and so is a turn of two kinds."""
    runs: list[tuple[int, str]] = []
    for layer in layers:
        again = runs and runs[-1][1] == layer
        runs[-1:] = [(runs[-1][0] + 1, layer)] if again else [*runs[-1:], (1, layer)]
    steps = [f"{count} x {layer}" if count > 1 else layer for count, layer in runs]
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
