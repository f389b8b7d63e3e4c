"""Starting values of weights: torch's defaults written out, and those a spec may ask for instead."""

import math
from typing import Annotated, Any, ClassVar, Literal

from nnspec.layers.base import Initial, Layer
from nnspec.layers.numbers import Before
from nnspec.layers.tensor_type import ArgumentError, TensorType

Named = Literal["zeros", "ones", "kaiming_uniform", "kaiming_normal", "xavier_uniform", "xavier_normal", "lecun_normal"]
Distribution = tuple[Literal["normal", "uniform", "truncated_normal"], float, float]
Choice = float | Named | Distribution
GREATEST = 1e37  # of the numbers of a distribution: what is drawn of them is still a float32


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


class Initialised(Layer):
    """A layer whose weight and bias a spec may start differently from torch.

    `weight_init` and `bias_init` take a number, a name ("kaiming_normal", "xavier_uniform", ...) or a distribution:
    ["normal", mean, std], ["truncated_normal", mean, std], ["uniform", low, high].
    """

    beyond_torch: ClassVar[frozenset[str]] = frozenset({"weight_init", "bias_init"})
    weight_init: Annotated[Choice | None, Before(_as_tuple)] = None
    bias_init: Annotated[float | Distribution | None, Before(_as_tuple)] = None

    def results(self, *inputs: Any) -> tuple[TensorType, ...]:
        """See `Layer.results`.

        Raises:
            ArgumentError: what is to start otherwise is not there, too.
        """
        found = super().results(*inputs)
        parts = {part for weight in self.weights(*inputs) for part in weight.name.split(".")}
        for name in ("weight", "bias"):
            if getattr(self, f"{name}_init") is not None and name not in parts:
                message = f"says how the {name} starts, and there is no {name}"
                raise ArgumentError(f"{name}_init", message, help=f"leave {name}_init out")
        return found

    def initial_weight(self, shape: tuple[int, ...], default: Initial) -> Initial:
        """The starting values of a weight of this shape.

        Raises:
            ArgumentError: the choice has no meaning for it.
        """
        return default if self.weight_init is None else initial(self.weight_init, shape, "weight_init")

    def initial_bias(self, shape: tuple[int, ...], default: Initial) -> Initial:
        """The starting values of a bias of this shape.

        Raises:
            ArgumentError: there is no such distribution.
        """
        return default if self.bias_init is None else initial(self.bias_init, shape, "bias_init")


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Incoming and outgoing connections of a weight [out, in, ...], as `torch.nn.init` counts them."""
    if len(shape) < 2:
        return (math.prod(shape), math.prod(shape))
    field = math.prod(shape[2:])
    return shape[1] * field, shape[0] * field


def reach(start: Initial) -> float:
    """The largest distance of starting values from 0, up to four standard deviations."""
    match start.kind:
        case "normal" | "truncated_normal":
            mean, std = start.numbers
            return abs(mean) + 4 * std
    return max(map(abs, start.numbers), default=0.0)


def torch_uniform(fan_in: int) -> Initial:
    """The default of torch's linear and convolution layers: uniform within 1/sqrt(fan_in)."""
    bound = 1 / math.sqrt(fan_in) if fan_in else 0.0
    return Initial("uniform", (-bound, bound))


def as_choice(start: Initial) -> Choice:
    """The choice that means a distribution; zeros for what follows from other numbers."""
    if start.kind == "normal" or start.kind == "uniform" or start.kind == "truncated_normal":
        return start.kind, start.numbers[0], start.numbers[1]
    return start.numbers[0] if start.kind == "constant" else 0.0


def initial(choice: Choice, shape: tuple[int, ...], argument: str = "init") -> Initial:
    """The distribution that a spec's choice means for a weight of this shape (He et al. 2015, Glorot & Bengio 2010).

    Raises:
        ArgumentError: there is no such distribution, or none for a weight of this shape; `argument` is how it is given.
    """
    if isinstance(choice, tuple):
        return _drawn(choice, argument)
    if isinstance(choice, (int, float)):
        return Initial("constant", (float(choice),))
    if choice in ("zeros", "ones"):
        return Initial("constant", (1.0 if choice == "ones" else 0.0,))
    if len(shape) < 2:
        message = f"{choice} counts the connections of a matrix, and the weight is [{', '.join(map(str, shape))}]"
        raise ArgumentError(argument, message, help='give a number, or a distribution: ["normal", 1.0, 0.02]')
    fan_in, fan_out = fans(shape)
    match choice:
        case "kaiming_normal":
            return Initial("normal", (0.0, math.sqrt(2 / fan_in)))
        case "kaiming_uniform":
            bound = math.sqrt(6 / fan_in)
        case "lecun_normal":
            return Initial("normal", (0.0, math.sqrt(1 / fan_in)))
        case "xavier_normal":
            return Initial("normal", (0.0, math.sqrt(2 / (fan_in + fan_out))))
        case "xavier_uniform":
            bound = math.sqrt(6 / (fan_in + fan_out))
    return Initial("uniform", (-bound, bound))


def _drawn(choice: Distribution, argument: str) -> Initial:
    """A distribution with its two numbers; without deviation it is a constant."""
    kind, first, second = choice
    if max(abs(first), abs(second)) > GREATEST:
        message = "normal numbers around it are more than a float32 can be"
        raise ArgumentError(argument, message, help=f"give numbers within {GREATEST:.0g} of 0")
    if kind == "uniform":
        if first > second:
            message = f"{second} is less than {first}"
            help = f'write the smaller number first: ["uniform", {second}, {first}]'
            raise ArgumentError(argument, message, help=help)
        return Initial(kind, (first, second))
    if second < 0:
        raise ArgumentError(argument, f"a standard deviation of {second} is negative", help="give 0 or more")
    return Initial(kind, (first, second)) if second else Initial("constant", (first,))
