"""`advice`: the help for a file that is refused, such as sizes that its inputs may have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nnspec.dims import Expression, symbols
from nnspec.importing.from_onnx.loops import LOOPS
from nnspec.importing.from_onnx.operators import ROWS
from nnspec.importing.from_onnx.ports import UNSHAPED
from nnspec.layers.tensor_type import TensorType

ADVICE = "export the model with other operators, or import the part of it around these"
LENGTH = 32  # for a size that is open, in what is advised
Refusals = Sequence[tuple[str, str, tuple[str, ...]]]  # operator, reason, names of nodes


def is_of_sizes(found: Refusals) -> bool:
    """Whether all that is refused could be due to sizes that are open."""
    return all(operator in ROWS or operator in ("If", *LOOPS) for operator, _, _ in found)


def advice(inputs: Mapping[str, TensorType], found: Refusals) -> str:
    """The help for a file with these inputs, by their names there, of which this is refused."""
    unshaped = [nodes for operator, reason, nodes in found if operator == "input" and reason == UNSHAPED]
    if unshaped:
        return f'say what its sizes are: --dynamic {unshaped[0][0]}="N 3 H W"'
    if not is_of_sizes(found):
        return ADVICE
    told = " ".join(reason for _, reason, _ in found)
    words = set(told.replace("*", " ").replace("(", " ").replace(",", " ").split())
    wanted = {name: sizes for name, type in inputs.items() if (sizes := _numbers(type))}
    named = [
        name for name in wanted if words & {each.text for size in inputs[name].shape[1:] for each in symbols(size)}
    ]
    for name in named or wanted:
        return f'give sizes that are open, or what they are multiples of: --dynamic {name}="{wanted[name]}"'
    return ADVICE


def _numbers(type: TensorType) -> str:
    """The sizes of an input with numbers for those that are open but for the first; empty where none is."""
    if not any(isinstance(size, Expression) for size in type.shape[1:]):
        return ""
    return " ".join(
        str(size) if isinstance(size, int) or not place else str(LENGTH) for place, size in enumerate(type.shape)
    )


def as_pictures(inputs: Mapping[str, TensorType]) -> dict[str, str]:
    """Sizes of pictures whose edges are multiples of 32, for those inputs that may be pictures of any size."""
    found = {}
    for name, type in inputs.items():
        if type.rank == 4 and all(isinstance(size, Expression) for size in type.shape[2:]):
            found[name] = f"{type.shape[0]} {type.shape[1]} {LENGTH}*h {LENGTH}*w"
    return found
