"""`verify`: whether a program that was read from JSON is one that the elaborator could have made.

What is elaborated is sound by construction; a file may hold anything. Names are checked because they become names in
generated source, types because every later stage relies on them.
"""

from __future__ import annotations

import re

from nnspec.dims import Undecidable, at_least, equal
from nnspec.ir.batch import mixing_layer
from nnspec.ir.mixture import result_type, rows_type
from nnspec.ir.program import Call, Module, Program, Scan
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import LayerError, TensorType

_NAME = r"(?a:[A-Za-z_]\w*)"


class UnsoundProgram(ValueError):
    """The program contradicts itself; the message says where."""


def verify(program: Program) -> None:
    """Check names, references, types, and that no module calls itself.

    Raises:
        UnsoundProgram: something does not hold.
    """
    if program.entry not in program.modules:
        raise UnsoundProgram(f"there is no module {program.entry!r}, which the entry names")
    for key, module in program.modules.items():
        for call in module.calls:
            if isinstance(call.callee, str) and call.callee not in program.modules:
                raise UnsoundProgram(f"module {key!r} calls {call.callee!r}, which is not there")
    _need_no_circle(program)
    for key, module in program.modules.items():
        try:
            _verify_module(program, module)
        except UnsoundProgram as problem:
            raise UnsoundProgram(f"module {key!r}: {problem}") from None


def _need_no_circle(program: Program) -> None:
    """Every module must be reached after those that it calls."""
    waiting = {
        key: {call.callee for call in module.calls if isinstance(call.callee, str)}
        for key, module in program.modules.items()
    }
    callers: dict[str, list[str]] = {}
    for key, callees in waiting.items():
        for callee in callees:
            callers.setdefault(callee, []).append(key)
    ready = [key for key, callees in waiting.items() if not callees]
    done = 0
    while ready:
        done += 1
        current = ready.pop()
        for caller in callers.get(current, ()):
            waiting[caller].discard(current)
            if not waiting[caller]:
                ready.append(caller)
    if done < len(program.modules):
        raise UnsoundProgram("its modules call each other in a circle")


def _verify_module(program: Program, module: Module) -> None:
    _need(re.fullmatch(_NAME, module.name), f"{module.name!r} is not a name")
    known: set[str] = set()
    for port in module.inputs:
        _need(_is_path(port.name), f"the input {port.name!r} is not a name")
        _define(module, known, port.value)
    built: set[str] = set()
    for call in module.calls:
        _verify_call(program, module, call, known, built)
    for port in module.outputs:
        _need(_is_path(port.name), f"the output {port.name!r} is not a name")
        _need(port.value in known, f"the output {port.name} is {port.value!r}, which nothing makes")
    for label in module.order:
        _need(_is_path(label), f"{label!r} in its order is not a label")
    for published, own in module.renames:
        _need(not own or published.count("*") == own.count("*"), f"{published!r} and {own!r} differ in their `*`")
    for tie in module.ties:
        for path in (tie.parameter, tie.source):
            _need(_is_path(path), f"the tie of {path!r} is not a path")
            owned = any(path == label or path.startswith(f"{label}.") for label in built)
            _need(owned, f"nothing owns the tied {path}")


def _is_path(text: str) -> bool:
    """Whether a text is a path of labels, each of any letters but a dot."""
    return all(part and part.isprintable() for part in text.split("."))


def _define(module: Module, known: set[str], value: str) -> None:
    _need(value.isprintable() and value, f"{value!r} is not the name of a value")
    _need(value in module.values, f"the value {value} has no type")
    _need(value not in known, f"the value {value} is made twice")
    known.add(value)


def _verify_call(program: Program, module: Module, call: Call, known: set[str], built: set[str]) -> None:
    if call.label is not None:
        _need(_is_path(call.label), f"{call.label!r} is not a label")
        fits = call.shared == (call.label in built)
        _need(fits, f"the label {call.label} is built twice, or applied before it is built")
        _need(
            call.count == 1 or re.fullmatch(r"(?a:\d+)", call.label.rpartition(".")[2]),
            f"the repeat {call.label} is not numbered",
        )
        built.update(call.labels if call.count < 1000 else (call.label,))
    _need(call.count >= 1, f"a call is made {call.count} times")
    for name in call.inputs:
        _need(not name or name in known, f"a call takes {name!r}, which nothing made before it")
    given = module.types(call.inputs)
    callee = program.callee(call)
    name = callee.kind if isinstance(callee, Layer) else callee.name
    if isinstance(callee, Layer):
        _need(not (call.scan or call.routed), f"{name} is a layer, and only modules are scanned with or are experts")
        expected = _layer_results(callee, given)
    elif call.scan is not None:
        _need(call.count == 1, f"the scan with {name} is repeated")
        expected = _scan_results(callee, call.scan, given)
    elif call.routed:
        expected = _routed_results(program, call, callee, given)
    else:
        expected = _module_results(callee, given)
    _need(len(expected) == len(call.outputs), f"{name} has {len(expected)} results, and {len(call.outputs)} are named")
    for output, type in zip(call.outputs, expected, strict=True):
        _define(module, known, output)
        _need(module.values[output].equals(type), f"{output} is {module.values[output]}, and {name} gives {type}")
    if call.chained:
        pairs = zip(expected, given, strict=False)
        stays = all(b is not None and a.equals(b) for a, b in pairs)
        _need(stays, f"the repeated {name} changes the type of its value")


def _layer_results(layer: Layer, given: tuple[TensorType | None, ...]) -> tuple[TensorType, ...]:
    least = len(layer.inputs) - (getattr(layer, "scalar", None) is not None)  # a number takes the place of an input
    most = least + len(layer.optional_inputs)
    _need(layer.variadic or least <= len(given) <= most, f"{layer.kind} does not take {len(given)} inputs")
    _need(None not in given[:least], f"{layer.kind} misses an input")
    try:
        layer.weights(*given)
        return layer.results(*given)
    except (LayerError, Undecidable) as problem:
        raise UnsoundProgram(f"{layer.kind}: {problem}") from None


def _module_results(callee: Module, given: tuple[TensorType | None, ...]) -> tuple[TensorType, ...]:
    present = [type for type in given if type is not None]
    for port in (*callee.inputs, *callee.outputs):
        _need(port.value in callee.values, f"the value {port.value} of {callee.name} has no type")
    needed = callee.input_types
    agree = len(present) == len(needed) and all(map(TensorType.equals, present, needed))
    _need(agree, f"{callee.name} takes {', '.join(map(str, needed))}, and gets {', '.join(map(str, present))}")
    return callee.output_types


def _routed_results(
    program: Program, call: Call, expert: Module, given: tuple[TensorType | None, ...]
) -> tuple[TensorType, ...]:
    present = [type for type in given if type is not None]
    _need(len(present) == 3, f"the mixture of {expert.name} takes tokens, their experts and the weights of these")
    try:
        rows = rows_type(call.count, *present)
        _module_results(expert, (rows,))
        result = result_type(present[0], rows, expert)
        apart = mixing_layer(program, str(call.callee), rows.shape[0]) is None
    except LayerError as problem:
        raise UnsoundProgram(f"the mixture of {expert.name}: {problem}") from None
    if result is None or not apart:
        raise UnsoundProgram(f"the expert {expert.name} does not give a row for each token, from that alone")
    return (result,)


def _scan_results(callee: Module, scan: Scan, given: tuple[TensorType | None, ...]) -> tuple[TensorType, ...]:
    what = f"the scan with {callee.name}"
    _need(bool(scan.sequences) != (scan.steps is not None), f"{what} has no sequence, or a number of steps beside one")
    walked = [sequence.index for sequence in scan.sequences]
    taken = walked + [each.input for each in scan.carried]
    _need(len(set(taken)) == len(taken), f"{what} walks along an input twice, or carries it, too")
    for sequence in scan.sequences:
        type = given[sequence.index] if 0 <= sequence.index < len(given) else None
        _need(type is not None and 0 <= sequence.dim < type.rank, f"{what} has no dimension to walk along")
    length = scan.length(given)
    lengths = [type.shape[each.dim] for each in scan.sequences if (type := given[each.index]) is not None]
    _need(all(equal(length, other) is True for other in lengths), f"{what} has sequences of several lengths")
    _need(at_least(length, 1) if scan.steps is not None else length != 0, f"{what} makes no step")
    results = _module_results(callee, scan.inside(given))
    made = [each.output for each in scan.carried] + [each.index for each in scan.stacked]
    _need(sorted(made) == list(range(len(results))), f"{what} does not say of each result whether it is carried")
    for each in scan.carried:
        fits = 0 <= each.input < len(given) and results[each.output].equals(callee.input_types[each.input])
        _need(fits, f"{what} changes what it carries")
    for stacked in scan.stacked:
        _need(0 <= stacked.dim <= results[stacked.index].rank, f"{what} has no dimension to stack along")
    return scan.results(results, length)


def _need(holds: object, message: str) -> None:
    if not holds:
        raise UnsoundProgram(message)
