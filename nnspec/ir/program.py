"""A program: typed modules, each with a body of calls in the order of the data.

A block called with the same arguments on inputs of the same types is one module, however often it is called, and
`12 x Block` that keeps its input's type is one call of count 12: the program grows with the text of a spec, not with
the size of the network. The one thing to know: a call of count n stands for n applications under the labels
`label`, `label + 1`, ..., whose results take the place of the first inputs of the next; other inputs stay the same.
Those of a routed call stand side by side: they are the experts of a mixture, see mixture.py.
"""

# Without `from __future__ import annotations`: see layers/families/__init__.py.
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from nnspec.cached import cached_property
from nnspec.checked import Checked
from nnspec.dims import Expression, Size
from nnspec.layers.base import Layer
from nnspec.layers.registry import layer_form, read_layer
from nnspec.layers.tensor_type import TensorType
from nnspec.plain import Rule


class _CalleeForm(Rule):
    """What is applied: a layer, as its name and arguments, or a module, as its key."""

    def admits(self, value: Any) -> bool:
        """It has no rule."""
        return True

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        def read(value: Any) -> Layer | str:
            return value if isinstance(value, (Layer, str)) else read_layer(value)

        def write(value: Layer | str) -> Any:
            return value if isinstance(value, str) else layer_form(value)

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(write)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        layer = {"layer": {"type": "string"}, "arguments": {"type": "object"}}
        module = {"type": "string", "description": "the key of a module"}
        return {"anyOf": [module, {"type": "object", "properties": layer, "required": ["layer"]}]}


Callee = Annotated[Layer | str, _CalleeForm()]


class Place(Checked):
    """Where the spec says so: a file and two offsets."""

    file: str
    start: int
    end: int


class Along(Checked):
    """An input or output of a scan, by index, and the dimension that has a place for each step."""

    index: int
    dim: int


class Carried(Checked):
    """An output of each step that is an input of the next one, both by index."""

    output: int
    input: int


class Scan(Checked):
    """The application of a module step by step: what it walks along, and what one step hands to the next.

    The results are the outputs of the module: of those that are carried, the last; the others, those of all steps,
    side by side along a new dimension. Inputs that are neither walked along nor carried are the same at every step.
    """

    sequences: tuple[Along, ...] = ()  # inputs that are given one place after the other, all of one length
    carried: tuple[Carried, ...] = ()  # the input of the call is where it starts
    stacked: tuple[Along, ...] = ()  # all other outputs
    steps: int | Expression | None = None  # how many there are, where there is no sequence
    backward: bool = False  # from the last place to the first, where the results of a step stand, too

    def length(self, inputs: tuple[TensorType | None, ...]) -> Size:
        """The number of steps, from the types of the inputs."""
        if self.steps is not None:
            return self.steps
        first = self.sequences[0]
        given = inputs[first.index]
        assert given is not None, "a sequence that is absent"
        return given.shape[first.dim]

    def inside(self, inputs: tuple[TensorType | None, ...]) -> tuple[TensorType | None, ...]:
        """The types of the inputs of one step."""
        found = list(inputs)
        for sequence in self.sequences:
            given = found[sequence.index]
            assert given is not None, "a sequence that is absent"
            found[sequence.index] = given.with_shape(*given.shape[: sequence.dim], *given.shape[sequence.dim + 1 :])
        return tuple(found)

    def results(self, outputs: tuple[TensorType, ...], length: Size) -> tuple[TensorType, ...]:
        """The types of the results, from those of one step."""
        found = list(outputs)
        for each in self.stacked:
            given = found[each.index]
            found[each.index] = given.with_shape(*given.shape[: each.dim], length, *given.shape[each.dim :])
        return tuple(found)


class Call(Checked):
    """An application of a layer or module to values of the body."""

    callee: Callee
    inputs: tuple[str, ...]  # value names; "" for an absent optional input
    outputs: tuple[str, ...]
    label: str | None = None  # the path of the submodule; None for an operation, which owns nothing
    count: int = 1
    shared: bool = False  # applies again what an earlier call has built under this label
    training: bool = False  # exists in training only
    scan: Scan | None = None  # applied step by step
    routed: bool = False  # its applications are experts, and each token goes to those chosen for it: see mixture.py
    written: dict[str, str] = {}  # noqa: RUF012 - `4 * width`: numbers that follow from the module's parameters, by argument
    times: str = ""  # the same of `count`
    place: Place | None = None

    @property
    def chained(self) -> bool:
        """Whether each of several applications takes what the one before gives."""
        return self.count > 1 and not self.routed

    @property
    def labels(self) -> Iterator[str]:
        """The labels of its applications, in order; none for an operation."""
        if self.label is not None:
            stem, _, last = self.label.rpartition(".")
            for index in range(self.count):
                yield self.label if index == 0 else f"{stem}.{int(last) + index}".lstrip(".")

    def rest_of(self, path: str) -> str | None:
        """The rest of a path behind the label of one of its applications; None if it does not lead there."""
        if self.label is None:
            return None
        if self.count == 1:
            return path[len(self.label) + 1 :] if f"{path}.".startswith(f"{self.label}.") else None
        stem, dot, first = self.label.rpartition(".")
        if not path.startswith(stem + dot):
            return None
        number, _, rest = path[len(stem + dot) :].partition(".")
        if not (number.isascii() and number.isdecimal()):
            return None
        return rest if 0 <= int(number) - int(first) < self.count else None


class Port(Checked):
    """A named input or output of a module, and the value that it is in the body."""

    name: str
    value: str
    training: bool = False


class Tie(Checked):
    """A parameter that is another one: both are paths below the module."""

    parameter: str
    source: str


class Module(Checked):
    """A block, model or group, elaborated for certain arguments and input types."""

    name: str
    kind: Literal["block", "model", "group"]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    values: dict[str, TensorType]
    calls: tuple[Call, ...]
    ties: tuple[Tie, ...] = ()
    order: tuple[str, ...] = ()  # labels that come first in the state_dict, in this order, instead of that of the calls
    renames: tuple[tuple[str, str], ...] = ()  # of a model: patterns of keys in published files, and what they are here
    sizes: dict[str, tuple[str, int]] = {}  # noqa: RUF012 - names of dimensions: the value, and which one
    arguments: dict[str, Any] = {}  # noqa: RUF012 - of the block, as plain data, for display; nobody changes it
    documentation: str = ""
    place: Place | None = None

    def types(self, names: tuple[str, ...]) -> tuple[TensorType | None, ...]:
        """The types of values by name; None for an absent one."""
        return tuple(self.values[name] if name else None for name in names)

    @property
    def input_types(self) -> tuple[TensorType, ...]:
        """The types of the inputs, in order."""
        return tuple(self.values[port.value] for port in self.inputs)

    @property
    def output_types(self) -> tuple[TensorType, ...]:
        """The types of the outputs, in order."""
        return tuple(self.values[port.value] for port in self.outputs)


class Program(Checked):
    """All modules of a network; `entry` is the key of the model itself.

    What is read back has the form, and may still contradict itself: see `nnspec.ir.verify`.
    """

    format: Literal[1] = 1  # of the JSON, where 1 is left out; raised when it changes
    entry: str
    modules: dict[str, Module]

    @property
    def main(self) -> Module:
        """The module of the model itself."""
        return self.modules[self.entry]

    def callee(self, call: Call) -> Layer | Module:
        """The layer or module that a call applies."""
        return self.modules[call.callee] if isinstance(call.callee, str) else call.callee

    @cached_property
    def order(self) -> tuple[str, ...]:
        """The keys of the modules that are reached, each after those that it calls."""
        done: dict[str, None] = {}
        pending: list[tuple[str, bool]] = [(self.entry, False)]
        while pending:
            key, ready = pending.pop()
            if ready:
                done[key] = None
            elif key not in done:
                pending.append((key, True))
                calls = self.modules[key].calls
                pending += [(call.callee, False) for call in reversed(calls) if isinstance(call.callee, str)]
        return tuple(done)
