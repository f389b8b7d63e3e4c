"""Mixtures of experts: a call that applies to each token the modules chosen for it, and no others.

A routed call takes the tokens [..., D], for each the numbers of its experts, whole numbers [..., k], and their weights,
floats [..., k]. It gives the sum of what these experts make of the token, each times its weight. An expert takes
[rows, D]: the tokens that chose it, however many there are, which it treats apart.
"""

from __future__ import annotations

from nnspec.dims import Size, equal, product, substitute, symbol, symbols
from nnspec.ir.program import Call, Module
from nnspec.layers.base import InputError, TensorType

INPUTS = ("tokens", "chosen", "weights")
ROWS = "rows"


def rows_type(tokens: TensorType) -> TensorType:
    """The type of what one expert takes, in a symbol that the tokens do not have."""
    taken = {each.text for size in tokens.shape for each in symbols(size)}
    name, number = ROWS, 1
    while name in taken:
        number += 1
        name = f"{ROWS}{number}"
    return TensorType(tokens.dtype, (symbol(name, 0), tokens.shape[-1]))


def check_inputs(tokens: TensorType, chosen: TensorType, weights: TensorType, experts: int) -> None:
    """Check what flows into a mixture.

    Raises:
        InputError: an input cannot be taken.
    """
    if tokens.rank < 2 or not isinstance(tokens.shape[-1], int):
        raise InputError(f"tokens are rows of so many features, [N, T, 512], not {tokens}", index=0)
    for index, given, dtype in ((1, chosen, "int"), (2, weights, "float")):
        if given.dtype != dtype:
            raise InputError(f"the {INPUTS[index]} are {dtype}s, not {given.dtype}s", index=index)
        same = given.rank == tokens.rank and all(map(equal, given.shape[:-1], tokens.shape[:-1]))
        if not same:
            wanted = f"[{', '.join(map(str, (*tokens.shape[:-1], 'k')))}]"
            message = f"for the tokens {tokens} the {INPUTS[index]} are {wanted}, k for each, not {given}"
            raise InputError(message, index=index)
    count = chosen.shape[-1]
    if not isinstance(count, int):
        raise InputError(f"how many experts are chosen for a token is a number, not {count}", index=1)
    if not 1 <= count <= experts:
        raise InputError(f"{count} of {experts} experts cannot be chosen for a token", index=1)
    if not equal(count, weights.shape[-1]):
        raise InputError(f"{count} experts are chosen for a token, and have {weights.shape[-1]} weights", index=2)


def gives_rows(expert: Module) -> bool:
    """Whether a module, applied to [rows, D], gives one float tensor [rows, E]."""
    types = expert.output_types
    rows = expert.input_types[0].shape[0]
    return len(types) == 1 and types[0].rank == 2 and types[0].shape[0] == rows and isinstance(types[0].shape[1], int)


def result_type(tokens: TensorType, expert: Module) -> TensorType:
    """The type of what a mixture gives."""
    (given,) = expert.output_types
    return TensorType(given.dtype, (*tokens.shape[:-1], given.shape[-1]))


def chosen(module: Module, call: Call) -> int:
    """How many experts a token has."""
    size = module.values[call.inputs[1]].shape[-1]
    assert isinstance(size, int)
    return size


def of_all_rows(module: Module, call: Call, one: Size) -> Size:
    """What the experts of a call take together, from what one takes for its `rows`."""
    tokens, numbers, _ = (module.values[name] for name in call.inputs)
    return substitute(one, {str(rows_type(tokens).shape[0]): product(numbers.shape)})
