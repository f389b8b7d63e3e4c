"""Mixtures of experts: a call that applies to each token the modules chosen for it, and no others.

A routed call takes the tokens [..., D], for each the numbers of its experts, whole numbers [..., k], and their weights,
floats [..., k]. It gives the sum of what these experts make of the token, each times its weight. An expert takes
[rows, D]: the tokens that chose it, however many there are, which it treats apart.
"""

from __future__ import annotations

from nnspec.dims import Expression, Size, product, substitute
from nnspec.ir.program import Call, Module
from nnspec.layers.mixture import Mixture
from nnspec.layers.tensor_type import TensorType


def rows_type(count: int, *given: TensorType) -> TensorType:
    """The type of what each of `count` experts takes, from the inputs of the mixture.

    Raises:
        InputError: an input cannot be taken.
    """
    (rows,) = Mixture(num_experts=count, expert=None).results(*given)
    return rows


def result_type(tokens: TensorType, rows: TensorType, expert: Module) -> TensorType | None:
    """The type of what a mixture gives; None where the expert does not give one row for each."""
    if len(expert.outputs) != 1:
        return None
    (given,) = expert.output_types
    fits = given.dtype == "float" and given.rank == 2 and given.shape[0] == rows.shape[0]
    return given.with_shape(*tokens.shape[:-1], given.shape[1]) if fits and isinstance(given.shape[1], int) else None


def chosen(module: Module, call: Call) -> int:
    """The number of experts of a token."""
    size = module.values[call.inputs[1]].shape[-1]
    assert isinstance(size, int)
    return size


def of_all_rows(module: Module, call: Call, one: Size) -> Size:
    """The cost of all experts of a call, from that of one for its `rows`."""
    given = [module.values[name] for name in call.inputs]
    rows = rows_type(call.count, *given).shape[0]
    assert isinstance(rows, Expression)
    return substitute(one, {str(rows): product(given[1].shape)})
