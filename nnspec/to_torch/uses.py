"""The form of each call of a module: a submodule, an expression, or text that needs names for its inputs."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from nnspec.diagnostics import SpecError
from nnspec.dims import Size
from nnspec.ir import Call, Module
from nnspec.layers.base import Layer
from nnspec.layers.batched import Batched
from nnspec.layers.initial import Initialised
from nnspec.layers.normed import Normed
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.record import Record
from nnspec.to_torch import row as rows
from nnspec.to_torch.construct import Construct
from nnspec.to_torch.mistakes import NotInTorch
from nnspec.to_torch.names import Store
from nnspec.to_torch.row import ROWS, UNSUPPORTED, OwnFunction, Raw, Submodule
from nnspec.to_torch.rows import __name__ as _rows_are_loaded

assert _rows_are_loaded

Types = tuple[TensorType | None, ...]

_INITIALISERS = {
    "zeros": "nn.init.zeros_",
    "ones": "nn.init.ones_",
    "kaiming_uniform": "nn.init.kaiming_uniform_",
    "kaiming_normal": "nn.init.kaiming_normal_",
    "lecun_normal": 'partial(nn.init.kaiming_normal_, nonlinearity="linear")',
    "xavier_uniform": "nn.init.xavier_uniform_",
    "xavier_normal": "nn.init.xavier_normal_",
}

_NORMS = {
    "weight": "nn.utils.parametrizations.weight_norm",
    "spectral": "nn.utils.parametrizations.spectral_norm",
}

# The class that starts a module's weights otherwise than torch does.
INITIALISE = '''\
def initialise(module, **initialisers):
    """Start weights of a module with functions of torch.nn.init, by name."""
    for name, initialiser in initialisers.items():
        initialiser(getattr(module, name))
    return module
'''


class Text(Record):
    """A layer as an expression: marks in it stand for its inputs, by index, and for sizes that `forward` reads.

    `sources` are the functions and classes that it brings along, by name.
    """

    template: str
    sizes: dict[str, Size] = {}  # noqa: RUF012 - records are frozen
    sources: dict[str, str] = {}  # noqa: RUF012 - records are frozen


def mark(index: int) -> str:
    """The mark of an input."""
    return f"input{index}_"


def ask(layer: Layer, label: str, types: Types, results: tuple[TensorType, ...], dtype: str) -> Submodule | Text:
    """The lowering of a layer for inputs of these types.

    Raises:
        SpecError: PyTorch cannot express it.
    """
    sizes: dict[str, Size] = {}

    def size(wanted: Size) -> str:
        if isinstance(wanted, int):
            return str(wanted)
        sizes[name := f"size{len(sizes)}_"] = wanted
        return name

    inputs = tuple(None if type is None else mark(index) for index, type in enumerate(types))
    found = lower(layer, label, types, results, inputs, size, dtype)
    if isinstance(found, OwnFunction):
        return Text(found.text, sizes, {found.name: found.source, **found.also})
    return found if isinstance(found, Submodule) else Text(found, sizes)


def as_text(submodule: Submodule) -> Text:
    """A submodule as the expression that computes the same."""
    template = str(submodule.expression)
    for index in range(template.count("{")):
        template = template.replace(f"{{{index}}}", mark(index))
    return Text(template)


def lower(
    layer: Layer,
    label: str,
    types: Types,
    results: tuple[TensorType, ...],
    inputs: tuple[str | None, ...],
    size: Callable[[Size], str],
    dtype: str,
) -> Submodule | OwnFunction | str:
    """The lowering of a layer for these inputs, by its row.

    Raises:
        SpecError: PyTorch cannot express it.
    """
    cls = type(layer)
    if cls not in ROWS:
        reason = UNSUPPORTED.get(cls, "it has no row in the PyTorch lowering")
        raise SpecError.of(NotInTorch(None, cls.__name__, label, reason))
    if isinstance(layer, Batched):  # torch's own layer takes either
        types, results = layer.in_batches(types, results)
    row = ROWS[cls]
    try:
        made = row(layer, rows.LayerUse(inputs, types, results, size, dtype))
        if not row.__module__.startswith("nnspec."):
            _check_made(made)
    except LayerError as problem:
        raise SpecError.of(NotInTorch(None, cls.__name__, label, problem.message)) from problem.__cause__
    return made


def _check_made(made: object) -> None:
    """Check what the row of a plug-in gives.

    Raises:
        LayerError: it is nothing that a row gives, or no expression of Python.
    """
    if not isinstance(made, (Submodule, OwnFunction, str)):
        raise LayerError(f"its row gives what is of type {type(made).__name__}, and no expression or `Submodule`")
    if isinstance(made, str):
        try:
            ast.parse(made, mode="eval")
        except SyntaxError:
            raise LayerError(f"its row gives {made!r}, which is no expression of Python") from None


def construct(submodule: Submodule, layer: Layer) -> Construct:
    """The constructor call of a layer's submodule, with the initialisers and the norm that the spec asks for."""
    made = Construct(submodule.constructor, submodule.arguments, submodule.keywords, layer)
    if not isinstance(layer, Initialised):
        return made
    chosen = {
        name: Raw(_initialiser(choice))
        for name, choice in (("weight", layer.weight_init), ("bias", layer.bias_init))
        if choice is not None
    }
    if chosen:
        made = Construct("initialise", (made,), chosen)
    if not isinstance(layer, Normed) or layer.norm is None:
        return made
    return Construct(_NORMS[layer.norm], (made,), {"dim": layer.norm_dim} if layer.norm_dim else {})


def owns_weights(module: Module, call: Call) -> bool:
    """Whether a layer has weights in this call."""
    return isinstance(call.callee, Layer) and bool(call.callee.weights(*module.types(call.inputs)))


def is_function(module: Module, call: Call, submodule: Submodule) -> bool:
    """Whether a layer is written as a function, and is no module: `F.relu(x)`."""
    unnamed = call.label is None or call.label.rpartition(".")[2].isdecimal()
    return submodule.expression is not None and unnamed and call.count == 1 and not owns_weights(module, call)


def store(layer: Layer | None) -> Store:
    """Where a module keeps what the row of a layer makes: a module, or a tensor of its own."""
    owned = () if layer is None or layer.inputs or layer.optional_inputs else layer.weights()
    if not owned or owned[0].name:
        return "_modules"
    return "_buffers" if owned[0].buffer else "_parameters"


def initialises(made: Construct) -> bool:
    """Whether a constructor call needs INITIALISE."""
    return made.name == "initialise" or any(isinstance(a, Construct) and initialises(a) for a in made.arguments)


def _initialiser(choice: Any) -> str:
    match choice:
        case str():
            return _INITIALISERS[choice]
        case ("normal" | "truncated_normal", mean, 0):
            return f"partial(nn.init.constant_, val={float(mean)!r})"
        case ("normal", mean, std):
            return f"partial(nn.init.normal_, mean={mean!r}, std={std!r})"
        case ("uniform", low, high):
            return f"partial(nn.init.uniform_, a={low!r}, b={high!r})"
        case ("truncated_normal", mean, std):
            low, high = mean - 2 * std, mean + 2 * std
            return f"partial(nn.init.trunc_normal_, mean={mean!r}, std={std!r}, a={low!r}, b={high!r})"
    return f"partial(nn.init.constant_, val={float(choice)!r})"
