"""A tensor that follows from constants: `Buffer(exp(Range(4) * -0.5))` and starting values that are computed.

It is a line of layers, each applied to results before it, and nothing else: no input of a model, no weight and no size
that only a run knows. PyTorch computes it where the module is built.
"""

from typing import Any

from nnspec.layers.base import Layer
from nnspec.layers.registry import layer_form, read_layer
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.record import Record


class Applied(Record):
    """A layer, and the results before it that it takes by number; None for an optional input that is absent.

    All results are numbered in order: those of a layer that gives several one after the other.
    """

    layer: Layer
    inputs: tuple[int | None, ...] = ()
    name: str = ""  # of the result, where a person has given it one
    written: dict[str, str] = {}  # noqa: RUF012 - of numbers that follow from the parameters of the body, by argument


class Computed(Record):
    """The layers in order, and the number of the result that is meant."""

    steps: tuple[Applied, ...]
    result: int

    @property
    def types(self) -> list[TensorType]:
        """The types of all results.

        Raises:
            LayerError: a layer does not take what it is given.
            ValueError: a layer is given what is not there before it, or what it makes is no constant.
        """
        found: list[TensorType] = []
        for step in self.steps:
            if not all(number is None or 0 <= number < len(found) for number in step.inputs):
                raise ValueError("takes what is not there before it")
            given = [None if number is None else found[number] for number in step.inputs]
            results = step.layer.results(*given)
            known = all(isinstance(size, int) for result in results for size in result.shape)
            if not known or step.layer.weights(*given):
                raise ValueError(f"is no constant: {step.layer.kind} has weights, or sizes that only a run knows")
            found += results
        return found

    @property
    def type(self) -> TensorType:
        """The type of the tensor."""
        return self.types[self.result]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes, which are numbers."""
        return tuple(int(size) for size in self.type.shape if isinstance(size, int))

    @property
    def random(self) -> bool:
        """Whether it is drawn anew wherever it is computed."""
        return any(step.layer.random for step in self.steps)

    def __str__(self) -> str:
        return " -> ".join(step.layer.kind for step in self.steps)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(
            read, serialization=core_schema.plain_serializer_function_ser_schema(_write)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        return {"type": "object", "required": ["steps", "result"]}


def read(value: Any) -> Computed:
    """The tensor of a JSON form.

    Raises:
        ValueError: it is none that can be computed.
    """
    if isinstance(value, Computed):
        return value
    steps, result = (value.get("steps"), value.get("result")) if isinstance(value, dict) else (None, None)
    if not isinstance(steps, (list, tuple)) or not isinstance(result, int):
        raise ValueError("must be a tensor that follows from constants")
    made = Computed(tuple(map(_read_step, steps)), result)
    try:
        count = len(made.types)
    except (LayerError, TypeError) as problem:
        raise ValueError(f"must be a tensor that follows from constants: {problem}") from None
    if not 0 <= result < count:
        raise ValueError("names a result that is not there")
    return made


def _read_step(form: Any) -> Applied:
    layer, inputs = read_layer(form), form.get("inputs", ())
    if not isinstance(inputs, (list, tuple)) or not all(number is None or isinstance(number, int) for number in inputs):
        raise ValueError("the inputs of a layer are numbers of results before it")
    written = form.get("written", {})
    if not isinstance(written, dict) or not all(isinstance(text, str) for text in written.values()):
        raise ValueError("the texts of numbers are strings")
    return Applied(layer, tuple(inputs), str(form.get("name", "")), written)


def _write(value: Computed) -> Any:
    return {"steps": list(map(_step_form, value.steps)), "result": value.result}


def _step_form(step: Applied) -> dict[str, Any]:
    inputs = {"inputs": list(step.inputs)} if step.inputs else {}
    further = {"name": step.name, "written": step.written}
    return {**layer_form(step.layer), **inputs, **{name: value for name, value in further.items() if value}}
