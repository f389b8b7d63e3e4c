"""`Mixture(64, Expert(1024))`: a word that takes a block, and becomes a call of it for those tokens that chose it."""

from typing import Annotated, Any, ClassVar

from nnspec.dims import equal, symbol, symbols
from nnspec.layers.base import Layer
from nnspec.layers.numbers import Within
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype

ROWS = "rows"


class Mixture(Layer):
    """A mixture of experts: each token goes to the experts that are chosen for it, and to no others.

    `(x, chosen, weights) -> experts: Mixture(64, Expert(1024))` has 64 experts with weights of their own, under the
    labels `experts.0`, `experts.1`, ... What they make of a token is added, each times its weight. Which are chosen is
    computed before: `best = x -> gate: Linear(64, bias = false) -> softmax(dim = -1) -> TopK(8)` has their weights,
    `best`, and their numbers, `best.indices`.

    An expert is a block. It takes the tokens that chose it, [rows, D], however many there are, treats them apart, and
    gives [rows, E].
    Shapes: `tokens` [..., D], `chosen` [..., k] whole numbers below `num_experts`, `weights` [..., k] -> [..., E].
    Errors: an expert that mixes its rows, gives more than one result, or is no block. Source: Shazeer et al. 2017.
    """

    inputs: ClassVar[tuple[str, ...]] = ("tokens", "chosen", "weights")
    by_position: ClassVar[tuple[str, ...]] = ("num_experts", "expert")

    num_experts: Annotated[int, Within(ge=1)]
    expert: Any

    def infer(self, tokens: TensorType, chosen: TensorType, weights: TensorType) -> TensorType:
        """The type of what an expert takes: rows, in a symbol that the tokens do not have."""
        need_dtype(tokens, "float")
        if tokens.rank < 2 or not isinstance(tokens.shape[-1], int):
            raise InputError(f"tokens have a number of features, as [N, T, 512] does, and these are {tokens}")
        wanted = f"[{', '.join(map(str, (*tokens.shape[:-1], 'k')))}]"
        for index, given, dtype in ((1, chosen, "int"), (2, weights, "float")):
            fits = given.rank == tokens.rank and all(map(equal, given.shape[:-1], tokens.shape[:-1]))
            if given.dtype != dtype or not fits:
                message = f"{self.inputs[index]} must be {dtype}{wanted} for the tokens {tokens}, and is"
                raise InputError(f"{message} {given.dtype}{given}", index=index)
        count = chosen.shape[-1]
        if not isinstance(count, int) or not 1 <= count <= self.num_experts:
            raise InputError(f"a token takes {count} of {self.num_experts} experts", index=1)
        if weights.shape[-1] != count:
            message = f"chosen has {count} experts for each token, and weights {weights.shape[-1]} numbers"
            raise InputError(message, index=2)
        taken = {each.text for size in tokens.shape for each in symbols(size)}
        name, number = ROWS, 1
        while name in taken:
            number += 1
            name = f"{ROWS}{number}"
        return tokens.with_shape(symbol(name, 0), tokens.shape[-1])
