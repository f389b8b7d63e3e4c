"""The preparation of inputs in training: it is stored with the weights, and goes with them.

A program that is given its `Preparation` takes inputs as the data has them. Everything that is made of trained weights
(modules, source, ONNX files, what is served) is made of that program, so that it is normalised in one place, once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.infer.metadata import NAMES, VOCABULARIES, by_input, stored
from nnspec.infer.mistakes import BadMetadata
from nnspec.ir import Program
from nnspec.ir.normalised import normalised
from nnspec.layers.families.normalize import Normalize
from nnspec.layers.tensor_type import LayerError
from nnspec.record import Record

MEAN, STD, NORMALIZED, PICTURES, TARGETS = (
    f"nnspec.{key}" for key in ("mean", "std", "normalized", "pictures", "targets")
)
_SHOWN = 4  # numbers that a line shows


class Preparation(Record):
    """The layer that stands for the normalisation of each input that was normalised."""

    layers: dict[str, Normalize]
    pictures: tuple[str, ...] = ()  # inputs that were pictures, with values from 0 to 1
    targets: tuple[str, ...] = ()  # normalised inputs that the loss compared outputs with

    def applied(self, program: Program) -> Program:
        """The program on inputs as the data has them.

        Raises:
            SpecError: what is stored does not fit the inputs.
        """
        try:
            return normalised(program, self.layers) if self.layers else program
        except LayerError as problem:
            raise SpecError.of(BadMetadata(None, MEAN, problem.message)) from None

    def metadata(self, within: bool) -> dict[str, str]:
        """The metadata of a file: that the model does it (`within`), or what its user has to do."""
        means = {name: list(layer.mean) for name, layer in self.layers.items()}
        stds = {name: list(layer.std) for name, layer in self.layers.items()}
        both = {name: {"mean": means[name], "std": stds[name]} for name in means}
        found = {NORMALIZED: both} if within else {MEAN: means, STD: stds}
        texts = {key: json.dumps(value) for key, value in found.items() if value}
        lists = {PICTURES: self.pictures, TARGETS: self.targets if self.layers else ()}
        return {**texts, **{key: json.dumps(list(names)) for key, names in lists.items() if names}}

    def notes(self, within: bool) -> list[str]:
        """In words, how the inputs are to be given; nothing where training left them as they are."""
        found = []
        for name, layer in self.layers.items():
            raw = f"{name} as the data has it" + (", pictures from 0 to 1" if name in self.pictures else "")
            done = f"(x - {_shown(layer.mean)}) / {_shown(layer.std)}"
            found.append(
                f"takes {raw}: the normalisation of training, {done}, is part of the model (--no-normalize)"
                if within
                else f"takes {name} normalised as in training, {done}: that is not part of the model"
            )
            if name in self.targets:
                found.append(f"gives what the loss compared with {name} in that normalised scale")
        return found


def preparation(program: Program, metadata: Mapping[str, str]) -> Preparation:
    """The preparation that is stored with the weights of a program.

    Raises:
        SpecError: it cannot be used, or speaks of an input that the program does not have.
    """
    floats = [port.name for port in program.main.inputs if program.main.values[port.value].dtype == "float"]
    means, stds = (by_input(metadata, key, floats[:1]) for key in (MEAN, STD))
    layers = {}
    for name in dict.fromkeys([*means, *stds]):
        if name not in floats:
            raise SpecError.of(BadMetadata(None, MEAN, f"it is of {name}, and the model has no such input of floats"))
        mean, std = (tuple(numbers.get(name, [otherwise])) for numbers, otherwise in ((means, 0.0), (stds, 1.0)))
        if not mean or not std:
            raise SpecError.of(BadMetadata(None, MEAN, f"it has no numbers for {name}"))
        layers[name] = Normalize(mean=mean, std=std)
    pictures, targets = stored(metadata, PICTURES, NAMES), stored(metadata, TARGETS, NAMES)
    return Preparation(layers, tuple(pictures or ()), tuple(targets or ()))


def meanings(metadata: Mapping[str, str]) -> dict[str, Any]:
    """The meanings of a model's numbers, as constants of its source; a tokenizer's file is too large for that.

    Raises:
        SpecError: what is stored cannot be used.
    """
    found = {
        "CLASSES": stored(metadata, "nnspec.classes", NAMES),
        "COLUMNS": stored(metadata, "nnspec.columns", NAMES),
        "VOCABULARIES": stored(metadata, "nnspec.vocabularies", VOCABULARIES),
    }
    return {name: value for name, value in found.items() if value}


def _shown(numbers: tuple[float, ...]) -> str:
    shown = [f"{number:.4g}" for number in numbers[:_SHOWN]]
    return shown[0] if len(numbers) == 1 else f"[{', '.join(shown)}{', ...' if len(numbers) > _SHOWN else ''}]"
