"""A program to its scene: calls become boxes, closely following layers share one, values become wires."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set

from nnspec.ir import Call, Module, Program
from nnspec.ir.mixture import chosen
from nnspec.ir.state import applied, layer_weights, totals, weight_at, weights_total
from nnspec.layers.base import Layer
from nnspec.picture.content import Content, Standing, content, standing
from nnspec.picture.families import family_of
from nnspec.picture.scene import Box, Level, Strip, Wire
from nnspec.picture.words import block_words, layer_words, shape_text
from nnspec.record import Record

_CLOSE = ("activation", "normalization", "dropout")  # families that stand in the box of the layer before
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
        for run in _runs(self.program, module):
            given = run[0].inputs if isinstance(run[0].callee, str) else tuple(dict.fromkeys(run[0].inputs))
            wires += _wires(module, given, len(boxes), made)
            made.update({value: len(boxes) for call in run for value in call.outputs})
            boxes.append(self._box(module, run, prefix, len(boxes)))
        for port in module.outputs:
            wires += _wires(module, (port.value,), len(boxes), made)
            boxes.append(_port(port.name, "output"))
        return _told(module, boxes, wires)

    def _box(self, module: Module, run: list[Call], prefix: str, index: int) -> Box:
        call = run[0]
        if not isinstance(call.callee, str):
            strips = tuple(self._layer(module, each, prefix) for each in run)
            joins = len(run) == 1 and call.callee.operator is not None and sum(map(bool, call.inputs)) > 1
            return Box(f"{index}", "join" if joins else "layers", strips, strips[0].path)
        shown = standing(self.program, module, call, prefix)
        key = str(shown.call.callee)
        inside = None
        if not shown.call.shared and shown.path in self.view.open:
            inside = self.level(content(self.program, key, shown.path))
        strip = self._block(shown, key, self.view.marks.get(path_of(call, prefix), ""))
        return Box(f"{index}", "block", (strip,), shown.path, inside, key, call.inputs, call.outputs)

    def _layer(self, module: Module, call: Call, prefix: str) -> Strip:
        layer = call.callee
        assert isinstance(layer, Layer)
        types = module.types(call.inputs)
        path = prefix + call.label if call.label else ""
        count = weights_total(layer_weights(module, call)).parameters * call.count if path and not call.shared else 0
        name = layer.operator if layer.operator and layer.operator not in ("[]", "neg") else layer.kind
        name = {"*": "×", "-": "−"}.get(name, name)
        notes = [*(["reused"] if call.shared else []), *(["training only"] if call.training else [])]
        return Strip(
            path=path,
            label="",
            name=name,
            about=layer_words(layer, types),
            parameters=count - self._tied_below(path),
            family=family_of(layer),
            times=_times(module, call),
            notes=tuple(notes),
            place=call.place,
            mark=self.view.marks.get(path_of(call, prefix), ""),
        )

    def _block(self, shown: Standing, key: str, mark: str) -> Strip:
        module, call = self.program.modules[key], shown.call
        named = module.kind != "group"
        count = 0 if call.shared else applied(shown.within, call, self.totals[key]).parameters
        scanned = ("step by step, backward" if call.scan.backward else "step by step") if call.scan else ""
        notes = [scanned, "reused" if call.shared else "", "training only" if call.training else ""]
        return Strip(
            path=shown.path,
            label="" if shown.label.isdecimal() and (named or shown.call.count > 1) else shown.label,
            name=module.name if named else "",
            about=block_words(module, self.alike[module.name]) if named else "",
            parameters=count - self._tied_below(shown.path),
            family="block",
            times=_times(shown.within, call),
            notes=tuple(filter(None, notes)),
            place=call.place,
            mark=mark,
        )

    def _tied_below(self, path: str) -> int:
        return sum(size for tied, size in self.tied.items() if path and f"{tied}.".startswith(f"{path}."))


def path_of(call: Call, prefix: str) -> str:
    """The path of a step; of an operation, that of its value."""
    return prefix + (call.label or call.outputs[0])


def _times(module: Module, call: Call) -> str:
    if call.routed:
        return f"{chosen(module, call)} of {call.count}"
    return f"× {call.count:,}" if call.count > 1 else ""


def _port(name: str, kind: str) -> Box:
    strip = Strip("", "", name, "", 0, "port")
    return Box(f"{kind} {name}", "input" if kind == "input" else "output", (strip,))


def _runs(program: Program, module: Module) -> Iterator[list[Call]]:
    """The calls in order, each with those that follow it closely and alone use its result."""
    uses = Counter(name for call in module.calls for name in call.inputs)
    uses.update(port.value for port in module.outputs)
    takers = {call.inputs[0]: call for call in module.calls if _is_close(module, call)}
    taken: set[int] = set()
    for call in module.calls:
        if id(call) in taken:
            continue
        run = [call]
        while _holds(run[-1]) and uses[run[-1].outputs[0]] == 1 and run[-1].outputs[0] in takers:
            run.append(takers[run[-1].outputs[0]])
            taken.add(id(run[-1]))
        yield run


def _holds(call: Call) -> bool:
    """Whether others may stand in the box of a call: it is of a layer with one result, and joins nothing."""
    return (
        isinstance(call.callee, Layer)
        and len(call.outputs) == 1
        and not (call.callee.operator is not None and sum(map(bool, call.inputs)) > 1)
    )


def _is_close(module: Module, call: Call) -> bool:
    """Whether a call may stand in the box of the one before."""
    if not isinstance(call.callee, Layer) or len(call.inputs) != 1 or len(call.outputs) != 1 or not call.inputs[0]:
        return False
    given, result = module.values[call.inputs[0]], module.values[call.outputs[0]]
    return given.equals(result) and family_of(call.callee) in _CLOSE and call.callee.operator is None


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
        if wire.value in told:
            name = next((port.name for port in module.inputs if port.value == wire.value), wire.value)
            strip = Strip("", "", name, "", 0, "port", notes=(f"from {boxes[wire.source].strips[-1].name}",))
            kept.append(Wire(len(boxes), wire.target, wire.value, "", wire.place))
            boxes.append(Box(f"{name} for {wire.target}", "tap", (strip,)))
        else:
            kept.append(wire)
    return Level(tuple(boxes), tuple(kept))
