"""A program to its scene: calls become boxes, closely following layers share one, values become wires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from typing import Literal

from nnspec.ir import Call, Module, Program
from nnspec.ir.mixture import chosen
from nnspec.ir.state import applied, layer_weights, totals, weight_at, weights_total
from nnspec.layers.base import Layer
from nnspec.picture.content import Content, Standing, content, standing
from nnspec.picture.families import family_of
from nnspec.picture.runs import Run, joins, runs
from nnspec.picture.scene import Box, Level, Strip, Wire
from nnspec.picture.words import block_words, layer_words, shape_text
from nnspec.record import Record

_FAR = 3  # so many far steps that take a value are told its name, instead of a line to each


class View(Record):
    """A model as a picture shows it: the blocks that are open, and the steps that are marked as new or changed."""

    program: Program
    open: Set[str]  # the paths of blocks
    marks: Mapping[str, str] = {}


class Scenes:
    """Makes the levels of the scene of a view."""

    def __init__(self, view: View) -> None:
        self.program = program = view.program
        self.view = view
        self.totals = totals(program)
        self.alike: dict[str, list[Module]] = {}  # the modules of each block
        for module in program.modules.values():
            self.alike.setdefault(module.name, []).append(module)
        self.tied: dict[str, int] = {}  # paths of weights that are other ones, and their elements

    def whole(self) -> Level:
        """The level of the model itself."""
        return self.level(Content(self.program.main, self.program.entry, ""))

    def level(self, inside: Content) -> Level:
        """The level of a module."""
        module, prefix = inside.module, inside.prefix
        for tie in module.ties:
            self.tied[prefix + tie.parameter] = weight_at(self.program, module, tie.parameter).elements
        boxes = [_port(port.name, "input") for port in module.inputs]
        made = {port.value: index for index, port in enumerate(module.inputs)}
        wires: list[Wire] = []
        for run in runs(module):
            first = run.calls[0]
            given = first.inputs if isinstance(first.callee, str) else tuple(dict.fromkeys(first.inputs))
            wires += _wires(module, given, len(boxes), made)
            made.update(dict.fromkeys(run.outputs, len(boxes)))
            boxes.append(self._box(module, run, prefix, len(boxes)))
        for port in module.outputs:
            wires += _wires(module, (port.value,), len(boxes), made)
            boxes.append(_port(port.name, "output"))
        return _told(module, boxes, wires)

    def _box(self, module: Module, run: Run, prefix: str, index: int) -> Box:
        call = run.calls[0]
        if not isinstance(call.callee, str):
            strips = tuple(self._layer(module, turns, prefix) for turns in zip(*run.turns, strict=True))
            kind: Literal["join", "layers"] = "join" if len(run.calls) == 1 and joins(call) else "layers"
            return Box(f"{index}", kind, strips, strips[0].path)
        shown = [standing(self.program, module, each, prefix) for (each,) in run.turns]
        key, path = str(shown[0].call.callee), shown[0].path
        inside = None
        if not shown[0].call.shared and any(each.path in self.view.open for each in shown):
            inside = self.level(content(self.program, key, path))
        marks = [self.view.marks.get(path_of(each, prefix), "") for (each,) in run.turns]
        strip = self._block(shown, key, next(filter(None, marks), ""))
        return Box(f"{index}", "block", (strip,), path, inside, key, call.inputs, run.outputs)

    def _layer(self, module: Module, turns: tuple[Call, ...], prefix: str) -> Strip:
        call = turns[0]
        layer = call.callee
        assert isinstance(layer, Layer)
        paths = [prefix + each.label for each in turns if each.label]
        count = weights_total(layer_weights(module, call)).parameters * call.count if paths and not call.shared else 0
        name = layer.operator if layer.operator and layer.operator not in ("[]", "neg") else layer.kind
        name = {"*": "×", "-": "−"}.get(name, name)
        notes = [*(["reused"] if call.shared else []), *(["training only"] if call.training else [])]
        marks = [self.view.marks.get(path_of(each, prefix), "") for each in turns]
        return Strip(
            path=paths[0] if paths else "",
            label="",
            name=name,
            about=layer_words(layer, module.types(call.inputs)),
            parameters=count * len(turns) - sum(map(self._tied_below, paths)),
            family=family_of(layer),
            times=_times(module, call, len(turns)),
            notes=tuple(notes),
            place=call.place,
            mark=next(filter(None, marks), ""),
        )

    def _block(self, turns: list[Standing], key: str, mark: str) -> Strip:
        shown = turns[0]
        module, call = self.program.modules[key], shown.call
        named = module.kind != "group"
        count = 0 if call.shared else applied(shown.within, call, self.totals[key]).parameters
        scanned = ("step by step, backward" if call.scan.backward else "step by step") if call.scan else ""
        notes = [scanned, "reused" if call.shared else "", "training only" if call.training else ""]
        label = "" if shown.label.isdecimal() and (named or shown.call.count > 1) else shown.label
        if label and len(turns) > 1:
            label = f"{label}..{turns[-1].label.rpartition('.')[2]}"
        return Strip(
            path=shown.path,
            label=label,
            name=module.name if named else "",
            about=block_words(module, self.alike[module.name]) if named else "",
            parameters=count * len(turns) - sum(self._tied_below(each.path) for each in turns),
            family="block",
            times=_times(shown.within, call, len(turns)),
            notes=tuple(filter(None, notes)),
            place=call.place,
            mark=mark,
        )

    def _tied_below(self, path: str) -> int:
        return sum(size for tied, size in self.tied.items() if path and f"{tied}.".startswith(f"{path}."))


def path_of(call: Call, prefix: str) -> str:
    """The path of a step; of an operation, that of its value."""
    return prefix + (call.label or call.outputs[0])


def _times(module: Module, call: Call, turns: int) -> str:
    if call.routed:
        return f"{chosen(module, call)} of {call.count}"
    count = call.count * turns
    return f"× {count:,}" if count > 1 else ""


def _port(name: str, kind: str) -> Box:
    strip = Strip("", "", name, "", 0, "port")
    return Box(f"{kind} {name}", "input" if kind == "input" else "output", (strip,))


def _wires(module: Module, inputs: tuple[str, ...], target: int, made: dict[str, int]) -> Iterator[Wire]:
    for place, value in enumerate(inputs):
        if value:
            yield Wire(made[value], target, value, shape_text(module.values[value]), place)


def _told(module: Module, boxes: list[Box], wires: list[Wire]) -> Level:
    """A level in which a value that many far steps take is named there."""
    depth = [0] * len(boxes)
    for wire in wires:  # in the order of their targets
        depth[wire.target] = max(depth[wire.target], depth[wire.source] + 1)
    takers = Counter(wire.value for wire in wires if depth[wire.target] - depth[wire.source] > 2)
    told = {value for value, count in takers.items() if count > _FAR}
    kept: list[Wire] = []
    for wire in wires:
        if wire.value not in told:
            kept.append(wire)
            continue
        source = boxes[wire.source]
        name = next((port.name for port in module.inputs if port.value == wire.value), wire.value)
        origin = source.strips[-1].name
        notes = (f"from {origin}",) if origin != name else ()
        kept.append(Wire(len(boxes), wire.target, wire.value, "", wire.place))
        boxes.append(Box(f"{name} for {wire.target}", "tap", (Strip("", "", name, "", 0, "port", notes=notes),)))
        if source.kind == "input":  # no line is left to say its shape
            boxes[wire.source] = source.replace(strips=(source.strips[0].replace(about=wire.shape),))
    return Level(tuple(boxes), tuple(kept))
