"""Arguments in the places that they have in torch: which of them is inferred here, and how the others are written.

`Conv2d(3, 64, 7)` on 3 channels is `Conv2d(64, 7)`, and `MaxPool2d(3, 2)` is `MaxPool2d(3, stride = 2)`.
"""

from __future__ import annotations

from nnspec.checked import validation_error
from nnspec.dims import Size, equal
from nnspec.elaborate.builder.tensor import Tensor
from nnspec.elaborate.values import Argument, Partial, is_size
from nnspec.layers.base import Inferred, Layer
from nnspec.layers.tensor_type import LayerError, TensorType
from nnspec.record import Record

LONGEST = 80  # letters of a call that is shown


class Surplus(Record):
    """An argument that gives a size which the layer knows, and the call without it."""

    argument: Argument
    size: str  # "16 channels"
    call: str | None


def surplus(cls: type[Layer], partial: Partial, incoming: TensorType | None) -> Surplus | None:
    """The argument by position that is, in its place in torch, the size of a dimension of what arrives."""
    for inferred, argument in _in_torch(cls, partial):
        sizes = argument.value if isinstance(argument.value, tuple) else (argument.value,)
        actual = _actual(inferred, incoming, len(sizes))
        if len(actual) == len(sizes) > 0 and all(map(_is, sizes, actual)):
            shown = f"{' x '.join(map(str, actual))} {inferred.counted}"
            return Surplus(argument, shown, _without(cls, partial, inferred))
    return None


def by_name(cls: type[Layer], partial: Partial, incoming: TensorType | None) -> str | None:
    """The spelling of arguments that do not go by position; None where it cannot be shown."""
    call = _call(cls, partial, partial.plain_positional)
    ways = [f"write {call}"] if call else []
    for inferred, argument in _in_torch(cls, partial):
        if is_size(argument.value):
            call = _without(cls, partial, inferred)
            actual = _actual(inferred, incoming, 1)
            known = f"{partial.name} infers its {inferred.counted}{f', {actual[0]} here' if actual else ''}"
            if call or not ways:
                ways.append(f"{known}: write {call}" if call else f"{known}: leave them out")
            return "; or ".join(ways if cls.by_position else ways[-1:])
    return ways[0] if ways else None


def _in_torch(cls: type[Layer], partial: Partial) -> list[tuple[Inferred, Argument]]:
    """The arguments that stand where torch has a size which is inferred here."""
    given = partial.plain_positional
    return [(inferred, given[inferred.place]) for inferred in cls.inferred if inferred.place < len(given)]


def _actual(inferred: Inferred, incoming: TensorType | None, count: int) -> tuple[Size, ...]:
    """The sizes that arrive: of the dimension, or of the last `count` ones; none where there is no such dimension."""
    if incoming is None:
        return ()
    if inferred.dim < 0:
        return incoming.shape[-count:] if count <= incoming.rank else ()
    return incoming.shape[inferred.dim : inferred.dim + 1]


def _is(written: object, size: Size) -> bool:
    return is_size(written) and equal(written, size) is True


def _without(cls: type[Layer], partial: Partial, inferred: Inferred) -> str | None:
    """The call without the argument of a size that is inferred."""
    given = partial.plain_positional
    argument = given[inferred.place]
    dims = len(argument.value) if isinstance(argument.value, tuple) else 1
    rest = (*given[: inferred.place], *given[inferred.place + 1 :])
    return _call(cls, partial, rest, f"dims = {dims}" if dims > 1 else None)


def _call(cls: type[Layer], partial: Partial, given: tuple[Argument, ...], further: str | None = None) -> str | None:
    """The call with arguments in torch's order, as a spec writes it; None where there is no such call."""
    order = [name for name in cls.in_order() if name not in cls.beyond_torch]
    config = dict(zip(order, given, strict=False))
    named = {name: argument for name, argument in partial.named.items() if not isinstance(argument.value, Tensor)}
    if len(given) > len(order) or config.keys() & named.keys() or not _is_sound(cls, {**config, **named}):
        return None
    bare = [name for name, first in zip(config, cls.by_position, strict=False) if name == first]
    shown = [argument.span.text for argument in partial.positional if isinstance(argument.value, Tensor)]
    shown += [argument.span.text if name in bare else f"{name} = {argument.span.text}"
              for name, argument in (config | partial.named).items()]  # fmt: skip
    shown += [further] if further else []
    text = f"{partial.name}({', '.join(shown)})" if shown else partial.name
    return text if len(text) <= LONGEST and "\n" not in text else None


def _is_sound(cls: type[Layer], config: dict[str, Argument]) -> bool:
    """Whether there is such a layer; what is missing or ties a weight is not looked at."""
    try:
        cls(**{name: argument.value for name, argument in config.items() if name in cls.model_fields})
    except validation_error() as error:
        return all(detail["type"] == "missing" for detail in error.errors(include_url=False))
    except LayerError:
        return False
    return True
