"""`export`: a module run once by `torch.export`; its graph, and what the symbols of its sizes are called."""

from __future__ import annotations

import inspect
import logging
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from io import StringIO
from typing import Any

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from nnspec.diagnostics import SpecError
from nnspec.dims import Size, solve, symbol
from nnspec.importing.from_torch.opaque import opaque
from nnspec.importing.mistakes import BadExample, CannotExport, FixedSize
from nnspec.importing.places import innermost
from nnspec.record import Record

_RATES = {  # the place and the name of the rate
    torch.ops.aten.scaled_dot_product_attention.default: (4, "dropout_p"),
    torch.ops.aten.dropout.default: (1, "p"),
}
_WORD = re.compile(r"(?:(\d+)\*)?([A-Za-z_]\w*)(?:([+-]\d+))?|(\d+)|_")


class Exported(Record):
    """A module, its graph, and the names and sizes of its inputs."""

    module: nn.Module
    program: ExportedProgram
    modules: dict[str, nn.Module]  # by every path
    names: dict[str, Size]  # of torch's symbols
    inputs: tuple[str, ...]  # the names of the tensors among the arguments, in the order of the graph
    tree: Any  # how the results were put together
    dropouts: Mapping[str, float] | None = None  # rates in training, by the names of nodes; None if they are not known


def export(module: nn.Module, arguments: Mapping[str, Any], dynamic: Mapping[str, str]) -> Exported:
    """Export a module in evaluation.

    Args:
        module: what is exported; it is left as it was.
        arguments: tensors and other values by the names of `forward`'s parameters.
        dynamic: the sizes of inputs, as `"N 3 H W"`: a name is any size.

    Raises:
        SpecError: torch cannot export it.
    """
    modules = dict(module.named_modules(remove_duplicate=False))
    wanted = {name: _parsed(name, text, arguments) for name, text in dynamic.items()}
    given = {name: _widened(value, wanted.get(name)) for name, value in arguments.items()}
    made = _made(wanted)
    shapes = {name: _dimensions(wanted[name], made) if name in wanted else None for name in given}
    program = _program(module, given, shapes, module.eval)
    names, inputs = _named(program, wanted)
    dropouts = _dropouts(module, program, modules, given, shapes)
    return Exported(module, program, modules, names, inputs, program.call_spec.out_spec, dropouts)


def _program(module: nn.Module, given: Any, shapes: Any, prepare: Callable[[], object]) -> ExportedProgram:
    """What torch exports when the module is prepared, for evaluation or training; it is as it was afterwards."""
    was = {each: each.training for each in module.modules()}
    try:
        with ExitStack() as stack:
            _quiet(stack)
            prepare()
            stack.enter_context(opaque(dict(module.named_modules())))
            return torch.export.export(module, (), dict(given), dynamic_shapes=shapes or None, strict=False)
    except Exception as error:  # whatever the user's code raises
        raise SpecError.of(CannotExport(None, *reason_of(error))) from error
    finally:
        for each, training in was.items():
            each.training = training


def _dropping(program: ExportedProgram) -> list[Any]:
    """What may drop at random at a rate that is an argument."""
    return [node for node in program.graph.nodes if node.op == "call_function" and node.target in _RATES]


def _rate(node: Any) -> float:
    place, name = _RATES[node.target]
    return float(node.args[place] if len(node.args) > place else node.kwargs.get(name, 0.0))


def _dropouts(
    module: nn.Module, program: ExportedProgram, modules: Any, given: Any, shapes: Any
) -> dict[str, float] | None:
    """The rates in training of what code gives 0 in evaluation, by nodes: `p if self.training else 0`.

    None where training cannot be traced, or does something else.
    """
    found = _dropping(program)
    idle = [node for node in found if not _rate(node)]
    owners = {path for node in idle for path, _ in list(node.meta["nn_module_stack"].values())[-1:]}
    if not any(_drops(modules[path]) for path in owners if path in modules):
        return {}

    def own_code_trains() -> None:
        for each in module.modules():
            each.training = not type(each).__module__.startswith("torch.nn.modules.")

    try:
        trained = _dropping(_program(module, given, shapes, own_code_trains))
    except SpecError:
        return None
    if [each.target for each in trained] != [each.target for each in found]:
        return None
    return {node.name: _rate(other) for node, other in zip(found, trained, strict=True)}


def _drops(module: nn.Module) -> bool:
    """Whether a module may drop at random: it has a number for that, or its code asks whether it is trained."""
    numbers = [value for name, value in vars(module).items() if "drop" in name and isinstance(value, float)]
    numbers += [each.p for each in module.children() if isinstance(each, nn.Dropout)]
    code = getattr(type(module).forward, "__code__", None)
    return any(number > 0 for number in numbers) or (code is not None and "training" in code.co_names)


def _quiet(stack: ExitStack) -> None:
    """Without gradients, warnings and what torch prints and logs of what it raises, too."""
    stack.enter_context(torch.no_grad())
    stack.enter_context(warnings.catch_warnings())
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    stack.callback(logging.disable, logging.NOTSET)
    stack.enter_context(redirect_stdout(StringIO()))
    stack.enter_context(redirect_stderr(StringIO()))


def bound(module: nn.Module, inputs: Any) -> dict[str, Any]:
    """Example inputs (a tensor, several in order, or by name) by the names of the parameters of `forward`.

    Raises:
        SpecError: the module does not take them.
    """
    try:
        signature = inspect.signature(module.forward)
        if isinstance(inputs, Mapping):
            given = signature.bind(**inputs)
        else:
            given = signature.bind(*(inputs if isinstance(inputs, Sequence) else (inputs,)))
    except TypeError as error:
        known = ", ".join(signature.parameters)
        raise SpecError.of(BadExample(None, str(error), f"forward takes {known}")) from None
    found: dict[str, Any] = {}
    for name, value in given.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            found |= value
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            raise SpecError.of(BadExample(None, f"forward takes any number of inputs, *{name}", "name its parameters"))
        else:
            found[name] = value
    for name, value in found.items():
        if isinstance(value, torch.Tensor) and not value.numel():
            raise SpecError.of(BadExample(None, f"{name} is empty, {list(value.shape)}", "give at least one sample"))
    return found


def _parsed(name: str, text: str, arguments: Mapping[str, Any]) -> list[Size]:
    """The sizes of an input: numbers, names, and multiples of names."""
    value = arguments.get(name)
    if not isinstance(value, torch.Tensor):
        known = ", ".join(each for each, item in arguments.items() if isinstance(item, torch.Tensor))
        raise SpecError.of(BadExample(None, f"no input is called {name!r}", f"the inputs are {known}"))
    words = text.replace(",", " ").split()
    sizes: list[Size] = []
    for word, size in zip(words, value.shape, strict=False):
        found = _WORD.fullmatch(word)
        if found is None:
            advice = "a size is a number, a name, or made of one as 32*h and T+1"
            raise SpecError.of(BadExample(None, f"{word!r} is no size of {name}", advice))
        if found[2] is None or found[2] == "_":
            sizes.append(int(size))
        else:
            sizes.append(symbol(found[2]) * int(found[1] or 1) + int(found[3] or 0))
        if found[4] is not None and int(found[4]) != size:
            advice = f"its example has {tuple(value.shape)}"
            raise SpecError.of(BadExample(None, f"{name} is given {text!r}, and has {size} there", advice))
    if len(words) != value.dim():
        raise SpecError.of(
            BadExample(None, f"{name} is given {text!r}", f"its example has {value.dim()} sizes: {tuple(value.shape)}")
        )
    return sizes


def _widened(value: Any, sizes: list[Size] | None) -> Any:
    """An example in which no size that is to be any is 1 or less: torch takes a 1 for a fixed size."""
    for dim, size in enumerate(sizes or ()):
        found = None if isinstance(size, int) else solve(size, value.shape[dim])
        if not isinstance(size, int) and (found is None or found[1] == 1):
            least = 2 * size.terms[0][1] + size.constant
            value = value.repeat_interleave(-(-least // value.shape[dim]), dim).narrow(dim, 0, least)
    return value


def _dimensions(sizes: list[Size], made: set[str]) -> dict[int, Any]:
    """What torch is told of the sizes; it finds out itself what they must be, unless some are `made` of others."""
    found: dict[int, Any] = {}
    for dim, size in enumerate(sizes):
        if not isinstance(size, int):
            name, unit = size.terms[0][0].text, size.terms[0][1]
            dimension: Any = Dim(name, min=1) if name in made else Dim.AUTO
            found[dim] = dimension if size == symbol(name) else unit * dimension + size.constant
    return found


def _made(wanted: Mapping[str, list[Size]]) -> set[str]:
    """The names of which sizes are made, such as 32*h."""
    all_sizes = (size for sizes in wanted.values() for size in sizes if not isinstance(size, int))
    return {size.terms[0][0].text for size in all_sizes if size != symbol(size.terms[0][0].text)}


def _named(program: ExportedProgram, wanted: Mapping[str, list[Size]]) -> tuple[dict[str, Size], tuple[str, ...]]:
    """What torch's symbols are called, and the names of the inputs."""
    names: dict[str, Size] = {}
    inputs = program.graph_signature.user_inputs
    for node in program.graph.nodes:
        if node.op != "placeholder" or node.name not in inputs or node.name not in wanted:
            continue
        for dim, (size, have) in enumerate(zip(wanted[node.name], node.meta["val"].shape, strict=True)):
            if isinstance(size, int):
                continue
            if isinstance(have, int) or have.node.expr.is_Integer:
                raise SpecError.of(FixedSize(None, node.name, dim, str(size), int(have)))
            form = have.node.expr
            free = next(iter(form.free_symbols))
            bounded = symbol(size.terms[0][0].text, 1, _largest(program, free))
            whole = bounded * size.terms[0][1] + size.constant
            names.setdefault(free.name, whole if form.is_Symbol else bounded)
    return names, tuple(each for each in inputs if isinstance(each, str))


def _largest(program: ExportedProgram, free: Any) -> int | None:
    """The largest number that a symbol may be, where the code sets a bound."""
    bounds = program.range_constraints.get(free)
    upper = None if bounds is None else bounds.upper
    return int(upper) if upper is not None and upper.is_Integer and upper < 2**31 else None


def reason_of(error: Exception) -> tuple[str, Any]:
    """The first line of what the code of others raised, and the line of theirs that did."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__), innermost(error)
