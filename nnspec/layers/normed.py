"""Layers whose weight is computed from what is stored: weight norm and spectral norm."""

from typing import ClassVar, Literal

from nnspec.layers.base import LARGEST, Initial, Weight
from nnspec.layers.initial import Initialised, reach
from nnspec.layers.numbers import NonNegativeInt
from nnspec.layers.tensor_type import ArgumentError

NEAREST = 1e-12  # to 0 that torch's estimate of a singular value may be
STORED = "parametrizations.weight."  # what torch's parametrizations call it, less the part


class Normed(Initialised):
    """A layer whose weight a spec may norm.

    `norm = "weight"` stores the length of every slice of the weight along its first dimension, or along `norm_dim`,
    beside its direction (Salimans & Kingma 2016); `norm = "spectral"` divides the weight by its largest singular value,
    of which training keeps an estimate (Miyato et al. 2018). Source: torch.nn.utils.parametrizations, with its names in
    the `state_dict`.
    """

    beyond_torch: ClassVar[frozenset[str]] = Initialised.beyond_torch | {"norm", "norm_dim"}
    rows_dim: ClassVar[int] = 0  # the dimension of the weight whose slices are the rows of the matrix of spectral norm

    norm: Literal["weight", "spectral"] | None = None
    norm_dim: NonNegativeInt = 0

    def steady(self, training: bool) -> bool:
        return super().steady(training) and not (training and self.norm == "spectral")

    def stored(self, weight: Weight, bias: Weight | None) -> tuple[Weight, ...]:
        """The entries of the `state_dict` for a weight and a bias, in its order."""
        biases = () if bias is None else (bias,)
        shape, start = weight.shape, weight.initial
        if self.norm:
            self._need_length(start, weight.elements)
        self._need_dim(len(shape))
        if self.norm == "weight":
            direction = Weight(f"{STORED}original1", shape, start)
            lengths = tuple(size if dim == self.norm_dim else 1 for dim, size in enumerate(shape))
            initial = Initial("lengths", (float(self.norm_dim),), direction)
            return *biases, Weight(f"{STORED}original0", lengths, initial), direction
        if self.norm == "spectral":
            given = Weight(f"{STORED}original", shape, start)
            rows = shape[self.rows_dim]
            left = Weight(f"{STORED}0._u", (rows,), self._singular("left", given), trainable=False, buffer=True)
            columns = (given.elements // rows,)
            right = Weight(f"{STORED}0._v", columns, self._singular("right", given), trainable=False, buffer=True)
            return *biases, given, left, right
        return weight, *biases

    def _need_dim(self, rank: int) -> None:
        """Check that the dimension of weight norm is one of the weight.

        Raises:
            ArgumentError: it is not, or there is no weight norm.
        """
        if self.norm_dim and self.norm != "weight":
            raise ArgumentError("norm_dim", "there is no weight norm", help='write norm = "weight", or leave it out')
        if self.norm_dim >= rank:
            message = f"there is no dimension {self.norm_dim} among the {rank} of the weight"
            raise ArgumentError("norm_dim", message, help=f"give one from 0 to {rank - 1}")

    def _need_length(self, start: Initial, elements: int) -> None:
        """Check that the weight starts with a length that a float32 can be, and with a direction.

        Raises:
            ArgumentError: it does not.
        """
        far = reach(start)
        if far < NEAREST:
            message = (
                "a weight of zeros has no direction to norm"
                if far == 0
                else f"a weight within {far:g} of 0 has no direction"
            )
            raise ArgumentError("weight_init", message, help=f"start with numbers of {NEAREST:g} or more")
        if far * far * elements > LARGEST:
            message = "squares of the weight add up to more than a float32 can be, and its length is their root"
            raise ArgumentError("weight_init", message, help="start with smaller numbers")

    def _singular(self, side: Literal["left", "right"], of: Weight) -> Initial:
        return Initial(side, (float(self.rows_dim),), of)
