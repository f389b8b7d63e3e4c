"""Where the numbers of a program come from: which of them its blocks make of their parameters, and how.

A spec says so where it gives an argument (`Call.written`). Sizes that follow, as the channels that a convolution is
given, are those of the tensor that carries them: the text of a size goes from layer to layer, into blocks under the
names that they have for their sizes, and out again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from nnspec.ir import Call, Module, Program
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import TensorType
from nnspec.record import Record
from nnspec.to_torch.construct import is_number
from nnspec.to_torch.formula import Number, items, names, read, value, written
from nnspec.to_torch.number import Marks

LEAST = 8  # a smaller size is that of another tensor by chance

Texts = tuple[str, ...]  # of the sizes of a tensor; "" where there is none
Site = tuple[str, str]  # a module, and the first value that a call in it gives


class Given(Record):
    """A number that a module is given by its caller: its value, and its text in the words of the caller."""

    value: Number
    text: str


class Origins:
    """The texts of the numbers of all modules. Those of a group are in the words of the block around it."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.marks = Marks()
        self.numbers: dict[str, dict[str, Number]] = {}  # what the names in the texts of a module are
        self.block: dict[str, str] = {}  # the block around a group; of all others, themselves
        self.given: dict[Site, dict[str, Given]] = {}  # of the calls of blocks, by the names of the block
        self.sites: dict[str, list[Site]] = {}  # of a block: where it is applied
        self._sizes: dict[str, dict[str, Texts]] = {}
        self._words: dict[str, dict[str, str]] = {}  # names that stand for others in a module
        self._known: dict[str, dict[int, str]] = {}  # the texts of sizes that tensors of a module have
        self._constants = _constants(program)
        for key in program.order:
            module = program.modules[key]
            if module.kind != "group" or key == program.entry:
                numbers = _numbers(module)
                words = {name: name for name in numbers} | self._constants.get(key, {})
                self._enter(key, key, numbers, words, [("",) * type.rank for type in module.input_types])

    def own_sizes(self, key: str) -> dict[str, tuple[int, int]]:
        """The names that a block has for sizes of its inputs: which input, and which dimension."""
        module = self.program.modules[key]
        places = {port.value: index for index, port in enumerate(module.inputs) if module.kind != "group"}
        return {name: (places[of], dim) for name, (of, dim) in _named_sizes(module).items() if of in places}

    def layer(self, key: str, call: Call) -> Layer:
        """The layer of a call, whose numbers know their texts."""
        layer = call.callee
        assert isinstance(layer, Layer)
        changes, settings = {}, layer.settings() if call.written else {}
        for name, text in call.written.items():
            number = settings.get(name)
            marked = self._marked(key, number, text)
            if marked is not number:
                changes[name] = marked
        return layer.model_copy(update=changes) if changes else layer

    def types(self, key: str, values: tuple[str, ...]) -> tuple[TensorType | None, ...]:
        """The types of values, whose sizes know their texts."""
        module = self.program.modules[key]
        found: list[TensorType | None] = []
        for name in values:
            type = module.values[name] if name else None
            texts = self._sizes[key].get(name, ())
            if type is not None and any(texts):
                sizes = [self.number(size, text) for size, text in zip(type.shape, texts, strict=True)]
                type = type.with_shape(*sizes)
            found.append(type)
        return tuple(found)

    def number(self, size: Any, text: str) -> Any:
        """The number with its text, if it has one."""
        return self.marks.of(size, text) if text else size

    def count(self, key: str, call: Call) -> Any:
        """How often a call applies its module."""
        return self.number(call.count, self._checked(key, call.count, call.times))

    def _marked(self, key: str, number: Any, text: str) -> Any:
        if isinstance(number, tuple):
            texts = items(text)
            if read(text) is None or len(texts) != len(number):
                return number
            made = tuple(self._marked(key, each, inner) for each, inner in zip(number, texts, strict=True))
            return made if any(new is not old for new, old in zip(made, number, strict=True)) else number
        return self.number(number, self._checked(key, number, text))

    def _checked(self, key: str, number: Any, text: str) -> str:
        """The text in the words of the block, if it is made of parameters and is this number."""
        if not text or not is_number(number) or isinstance(number, tuple):
            return ""
        found = value(text, self._values(key))
        if type(found) is not type(number) or found != number:
            return ""
        own = written(text, self._words[key])
        return own if names(own) else ""

    def _values(self, key: str) -> dict[str, Number]:
        words, numbers = self._words[key], self.numbers[key]
        found = {name: value(text, numbers) for name, text in words.items()}
        return {name: number for name, number in found.items() if number is not None}

    # --- the way of the sizes

    def _enter(
        self, key: str, block: str, numbers: dict[str, Number], words: dict[str, str], given: list[Texts]
    ) -> None:
        """Follow the sizes through a module that is given tensors of these."""
        module = self.program.modules[key]
        if key in self.numbers and self.numbers[key] != numbers:
            numbers, words, given = {}, {}, [("",) * len(texts) for texts in given]  # a group of two blocks
        self.numbers[key], self.block[key], self._words[key] = numbers, block, dict(words)
        sizes = self._sizes[key] = {}
        self._known[key] = {}
        for port, texts in zip(module.inputs, given, strict=True):
            self._arrive(key, port.value, texts)
        for call in module.calls:
            of_inputs = [sizes.get(name, ()) for name in call.inputs]
            if not isinstance(call.callee, str):
                found = self._of_layer(key, call)
            elif self.program.modules[call.callee].kind == "group":
                inner = _aligned(of_inputs, self.program.modules[call.callee].input_types)
                self._enter(call.callee, block, numbers, self._words[key], inner)
                found = [
                    self._sizes[call.callee].get(port.value, ()) for port in self.program.modules[call.callee].outputs
                ]
            else:
                found = self._of_block(key, call, of_inputs)
            results = [module.values[name] for name in call.outputs]
            for name, texts in zip(call.outputs, _aligned(found, results), strict=True):
                self._arrive(key, name, texts)

    def _arrive(self, key: str, name: str, texts: Texts) -> None:
        """Keep the texts of the sizes of a value, and learn what the module calls them."""
        module, words = self.program.modules[key], self._words[key]
        own = list(texts)
        for word, (of, dim) in _named_sizes(module).items():
            if of != name or dim >= len(own):
                continue
            size = module.values[name].shape[dim]
            if key == self.block[key] and any(port.value == name for port in module.inputs):
                own[dim] = words[word] = own[dim] or word
            elif isinstance(size, int):
                words[word] = own[dim] or repr(size)
        known, numbers = self._known[key], self.numbers[key]
        for dim, size in enumerate(module.values[name].shape):
            if not isinstance(size, int) or (own[dim] and value(own[dim], numbers) != size):
                own[dim] = ""
            elif own[dim]:
                known.setdefault(size, own[dim])
            elif size >= LEAST:
                own[dim] = known.get(size, "")
        self._sizes[key][name] = tuple(own)

    def _of_layer(self, key: str, call: Call) -> list[Texts]:
        """The texts of the sizes that a layer gives: those it is told, and those that it leaves as they are."""
        module = self.program.modules[key]
        assert isinstance(call.callee, Layer)
        told: dict[int, str] = {}
        settings = call.callee.settings() if call.written else {}
        for name, text in call.written.items():
            number = settings.get(name)
            numbers = number if isinstance(number, tuple) else (number,)
            for each, inner in zip(numbers, items(text) if read(text) else (), strict=False):
                if isinstance(each, int) and (checked := self._checked(key, each, inner)):
                    told.setdefault(each, checked)
        sizes = self._sizes[key]
        before = [(module.values[name].shape, sizes[name]) for name in call.inputs if name]
        found: list[Texts] = []
        for result in [module.values[name] for name in call.outputs]:
            texts = []
            for dim, size in enumerate(result.shape):
                kept = [own[dim] for shape, own in before if dim < len(shape) and shape[dim] == size and own[dim]]
                texts.append((told.get(size, "") or (kept[0] if kept else "")) if isinstance(size, int) else "")
            found.append(tuple(texts))
        return found

    def _of_block(self, key: str, call: Call, of_inputs: list[Texts]) -> list[Texts]:
        """The texts of the sizes that a block gives, in the words of its caller; what it is given is kept."""
        assert isinstance(call.callee, str)
        module = self.program.modules[call.callee]
        arrived = _aligned(of_inputs, module.input_types)
        given: dict[str, Given] = {}
        for name, number in self.numbers[call.callee].items():
            text = self._checked(key, number, call.written.get(name, "")) if not isinstance(number, tuple) else ""
            given[name] = Given(number, text)
        for name, (index, dim) in self.own_sizes(call.callee).items():
            text, number = arrived[index][dim], self.numbers[call.callee][name]
            given[name] = Given(number, text if value(text, self.numbers[key]) == number else "")
        site = key, call.outputs[0]
        self.given[site] = given
        self.sites.setdefault(call.callee, []).append(site)
        known = {
            name: each.text or repr(each.value) for name, each in given.items() if not isinstance(each.value, tuple)
        }
        found = []
        for port in module.outputs:
            texts = self._sizes[call.callee].get(port.value, ())
            found.append(tuple(self._outside(text, known) for text in texts))
        return found

    def _outside(self, text: str, known: Mapping[str, str]) -> str:
        """A text of a block in the words of its caller."""
        if not text or not set(names(text)) <= known.keys():
            return ""
        found = written(text, known)
        return found if names(found) else ""


def _numbers(module: Module) -> dict[str, Number]:
    """The parameters and the named sizes of a block that are numbers."""
    found: dict[str, Any] = {name: _tuple(argument) for name, argument in module.arguments.items()}
    places = {port.value for port in module.inputs}
    for name, (of, dim) in _named_sizes(module).items():
        if of in places and dim < module.values[of].rank:
            found[name] = module.values[of].shape[dim]
    return {name: number for name, number in found.items() if name.isidentifier() and is_number(number)}


def _named_sizes(module: Module) -> dict[str, tuple[str, int]]:
    """The names for sizes in a module: those of the spec, and usual ones for the channels or features of inputs."""
    found = dict(module.sizes)
    known = {module.values[of].shape[dim] for of, dim in found.values() if of in module.values}
    for index, port in enumerate(module.inputs if module.kind != "group" else ()):
        type, word = module.values[port.value], "in" if index == 0 else port.name
        dim = 1 if type.rank > 3 else type.rank - 1
        plain = type.dtype == "float" and dim > 0 and isinstance(type.shape[dim], int)
        if not plain or re.fullmatch(r"x\d*", word) or not word.isidentifier():
            continue
        name = f"{word}_{'channels' if type.rank > 3 else 'features'}"
        new = (port.value, dim) not in found.values() and (index == 0 or type.shape[dim] not in known)
        if new and name not in {*found, *module.arguments}:
            found[name] = port.value, dim
            known.add(type.shape[dim])
    return found


def _constants(program: Program) -> dict[str, dict[str, str]]:
    """The parameters of blocks that all callers give what is, in the end, a default of theirs: it is a number."""
    given: dict[str, list[dict[str, str]]] = {}
    found: dict[str, dict[str, str]] = {}
    for key in reversed(program.order):
        calls = given.get(key, [{}])
        alike = {name: text for name, text in calls[0].items() if all(each.get(name) == text for each in calls)}
        own = found[key] = {name: text for name, text in alike.items() if not names(text)}
        for call in program.modules[key].calls:
            if isinstance(call.callee, str):
                group = program.modules[call.callee].kind == "group"
                texts = {name: written(text, own) for name, text in call.written.items() if read(text)}
                given.setdefault(call.callee, []).append(own if group else texts)
    return found


def _tuple(argument: Any) -> Any:
    return tuple(map(_tuple, argument)) if isinstance(argument, list) else argument


def _aligned(found: list[Texts], types: tuple[TensorType, ...] | list[TensorType]) -> list[Texts]:
    """The texts for tensors that may have other dimensions in front, as the steps of a scan have."""
    aligned: list[Texts] = []
    for index, type in enumerate(types):
        texts = found[index] if index < len(found) else ()
        own = ("",) * (type.rank - len(texts)) + tuple(texts)
        aligned.append(own[len(own) - type.rank :])
    return aligned
