"""Operations of several inputs, of none, and losses: how each is written at random, and how torch computes it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from tests.fuzz.catalogue import divisor, maybe
from tests.fuzz.plain import FORMULAS, Weights

Compute = Callable[[list[Tensor], Weights], Any]


class Operation(NamedTuple):
    """An expression over inputs a, b, c, ..., their types, and what torch gives for them; None if nothing else does."""

    name: str
    text: str
    inputs: tuple[str, ...]
    compute: Compute | None


OPERATIONS: list[Callable[[Random], Operation]] = []


def operation(draw: Callable[[Random], Operation]) -> Callable[[Random], Operation]:
    """Register a draw."""
    OPERATIONS.append(draw)
    return draw


def shape(random: Random, low: int = 1, high: int = 4) -> list[str]:
    """A shape of symbols and numbers."""
    rank = random.randint(low, high)
    return [random.choice([name, name, str(random.choice([1, 2, 3, 5]))]) for name in "NTHW"[:rank]]


def stretched(random: Random, sizes: list[str]) -> list[str]:
    """A shape that stretches to this one."""
    kept = sizes[random.randrange(len(sizes)) :] if maybe(random, 0.3) else sizes
    return [size if maybe(random, 0.8) else "1" for size in kept]


def type_of(dtype: str, sizes: list[str]) -> str:
    return f"{dtype}[{', '.join(sizes)}]"


ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a / b,
    "//": torch.floor_divide, "%": torch.remainder, "**": torch.pow, "==": torch.eq, "!=": torch.ne,
    "<": torch.lt, "<=": torch.le, ">": torch.gt, ">=": torch.ge,
}  # fmt: skip


@operation
def _binary(random: Random) -> Operation:
    sign = random.choice(list(ARITHMETIC))
    sizes = shape(random)
    whole = sign in {"//", "%"}
    one, two = ("int", "int") if whole else random.choice([("float", "float")] * 3 + [("int", "float"), ("int", "int")])
    types = [type_of(one, sizes), type_of(two, stretched(random, sizes))]
    if maybe(random, 0.3) and not whole and sign != "**":
        types.reverse()
    shift = " + 1" if whole or sign == "/" else ""
    left = "a * a + 0.5" if sign == "**" and types[0].startswith("float") else "a"
    function = ARITHMETIC[sign]

    def compute(given: list[Tensor], weights: Weights) -> Tensor:
        a, b = given
        if sign == "**" and types[0].startswith("float"):
            a = a * a + 0.5
        return function(a, b + 1 if shift else b)

    return Operation(f"a {sign} b", f"({left}) {sign} (b{shift})", tuple(types), compute)


@operation
def _with_number(random: Random) -> Operation:
    sign = random.choice(list(ARITHMETIC))
    dtype = "int" if sign in {"//", "%"} else random.choice(["float", "float", "int"])
    number: float = random.choice([-3, -2, -1, 1, 2, 3])
    if dtype == "float" and maybe(random):
        number = random.choice([-1.5, 0.25, 0.5, 2.5])
    if sign == "**":
        number = random.choice([1, 2, 3] if dtype == "int" else [0, 1, 2, 3, -1])
    first = maybe(random, 0.3) and sign not in {"**", "/", "//", "%"}
    function = ARITHMETIC[sign]

    def compute(given: list[Tensor], weights: Weights) -> Tensor:
        a = given[0]
        if first:
            turned = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
            return ARITHMETIC[turned[sign]](a, number) if sign in turned else function(number, a)
        return function(a, number)

    text = f"{number} {sign} a" if first else f"a {sign} {number}" if number >= 0 else f"a {sign} ({number})"
    return Operation(
        f"a {sign} number", text.replace("(", "").replace(")", ""), (type_of(dtype, shape(random)),), compute
    )


@operation
def _logic(random: Random) -> Operation:
    sizes, word = shape(random), random.choice(["and", "or"])
    function = torch.logical_and if word == "and" else torch.logical_or
    types = (type_of("bool", sizes), type_of("bool", stretched(random, sizes)))
    return Operation(word, f"a {word} b", types, lambda given, weights: function(*given))


@operation
def _choice(random: Random) -> Operation:
    sizes, dtype = shape(random), random.choice(["float", "int"])
    types = [type_of("bool", stretched(random, sizes)), type_of(dtype, sizes)]
    if maybe(random):
        number: float = random.choice([0, -1, 2]) if dtype == "int" else random.choice([0.0, -1.5])
        return Operation("where number", f"where(a, b, {number})", tuple(types), lambda given, w: torch.where(given[0], given[1], torch.tensor(number, dtype=given[1].dtype)))  # fmt: skip
    types.append(type_of(dtype, stretched(random, sizes)))
    return Operation("where", "where(a, b, c)", tuple(types), lambda given, weights: torch.where(*given))


@operation
def _extreme(random: Random) -> Operation:
    sizes, dtype, word = shape(random), random.choice(["float", "int"]), random.choice(["maximum", "minimum"])
    function = getattr(torch, word)
    types = (type_of(dtype, sizes), type_of(dtype, stretched(random, sizes)))
    return Operation(word, f"{word}(a, b)", types, lambda given, weights: function(*given))


@operation
def _product(random: Random) -> Operation:
    one, two, three = random.choice([("3", "4", "5"), ("T", "4", "S"), ("1", "S", "3"), ("T", "1", "2")])
    left, right = random.choice([((), ()), (("N",), ()), ((), ("N",)), (("N", "2"), ("N", "2")), (("N", "1"), ("3",)), (("2", "3"), ("2", "3"))])  # fmt: skip
    types = (type_of("float", [*left, one, two]), type_of("float", [*right, two, three]))
    return Operation("@", "a @ b", types, lambda given, weights: given[0] @ given[1])


@operation
def _join(random: Random) -> Operation:
    sizes, dtype = shape(random, 2), random.choice(["float", "int"])
    count, dim = random.randint(2, 3), random.randrange(len(sizes))
    shown = dim if maybe(random) else dim - len(sizes)
    given = ", ".join("abc"[:count])
    if maybe(random, 0.3):
        dim = random.randrange(-len(sizes) - 1, len(sizes) + 1)
        types = (type_of(dtype, sizes),) * count
        return Operation("Stack", f"({given}) -> Stack(dim = {dim})", types, lambda g, w: torch.stack(g, dim))
    types = tuple(
        type_of(dtype, [random.choice(["2", "3", size]) if index == dim else size for index, size in enumerate(sizes)])
        for _ in range(count)
    )
    return Operation("Concat", f"({given}) -> Concat(dim = {shown})", types, lambda g, w: torch.cat(g, dim))


@operation
def _split(random: Random) -> Operation:
    kind = random.choice(["Split", "Split list", "Chunk"])
    if kind == "Split list":
        parts = [random.randint(1, 3) for _ in range(random.randint(1, 3))]
        text, count, size = f"Split([{', '.join(map(str, parts))}], dim = -1)", len(parts), sum(parts)
        compute: Compute = lambda given, weights: torch.split(given[0], parts, -1)  # noqa: E731
    else:
        count = random.choice([2, 3])
        size = count * random.randint(1, 3) if kind == "Split" else random.choice([4, 6, 7, 9])
        text = f"{kind}({count}, dim = -1)"
        compute = lambda given, weights: torch.chunk(given[0], count, -1)  # noqa: E731
    names = [f"p{index}" for index in range(count)]
    text = f"{', '.join(names)} = a -> {text}\n" + "\n".join(f"  output {each}" for each in names)
    if count == 1:
        text = text.replace("p0 = a", "p0 = a")
    return Operation(kind, text, (type_of("float", [*shape(random, 1, 3), str(size)]),), compute)


@operation
def _subscript(random: Random) -> Operation:
    rank = random.randint(1, 4)
    sizes = [random.choice([name, "4", "5"]) for name in "NTHW"[:rank]]
    shown, items = [], []
    for size in sizes:
        kind = random.choice(["all", "index", "slice", "none"])
        if kind == "none":
            shown.append("none")
            items.append(None)
        if kind == "index":
            place = random.choice([0, -1] if not size.isdigit() else [0, 1, -1, 3, -4])
            shown.append(str(place))
            items.append(place)
        elif kind == "slice" and size.isdigit():
            start, end, step = (
                random.choice([None, 0, 1, -3]),
                random.choice([None, 4, -1, 9]),
                random.choice([None, 1, 2]),
            )
            shown.append(
                f"{'' if start is None else start}:{'' if end is None else end}" + (f":{step}" if step else "")
            )
            items.append(slice(start, end, step))
        else:
            step = random.choice([None, 2, 3])
            shown.append(f"::{step}" if step else ":")
            items.append(slice(None, None, step))
    if maybe(random, 0.2):
        shown, items = ["...", *shown[-1:]], [..., *items[-1:]]
    dtype = random.choice(["float", "int", "bool"])
    text = f"a[{', '.join(shown)}]"
    return Operation("Subscript", text, (type_of(dtype, sizes),), lambda given, weights: given[0][tuple(items)])


@operation
def _take(random: Random) -> Operation:
    rank = random.randint(1, 3)
    dim = random.randrange(rank)
    sizes = ["6" if index == dim else name for index, name in enumerate(["N", "5", "T"][:rank])]
    shown = dim if maybe(random) else dim - rank
    types = (
        type_of(random.choice(["float", "int"]), sizes),
        type_of("int", random.choice([[], ["S"], ["S", "3"], ["N", "1"]])),
    )
    return Operation(
        "Take", f"take(a, b, dim = {shown})", types, lambda g, w: torch.tensor(g[0].numpy().take(g[1].numpy(), dim))
    )


@operation
def _source(random: Random) -> Operation:
    kind = random.choice(["Range", "zeros", "ones", "full", "Constant"])
    if kind == "Range":
        start, step = random.randint(-3, 3), random.randint(1, 3)
        end = random.choice(["T", "T + 3", "2 * T", "7"])
        text = f"Range({end}, start = {start}, step = {step})"
        return Operation("Range", f"output r = {text}\n  output s = a * 2", ("float[T, 4]",), lambda g, w: (torch.arange(start, eval(end, {"T": len(g[0])}), step), g[0] * 2) if start < 1 else None)  # fmt: skip
    if kind == "Constant":
        value = random.choice([2.5, 7, True, [[1, 2], [3, 4]], [0.5, -1.0], [True, False]])
        shown = str(value).replace("True", "true").replace("False", "false")
        return Operation(
            "Constant",
            f"output r = Constant({shown})\n  output s = a * 2",
            ("float[N, 4]",),
            lambda g, w: (torch.tensor(value), g[0] * 2),
        )
    value = {"zeros": 0.0, "ones": 1.0, "full": random.choice([0.5, 3.0])}[kind]
    sizes = random.choice([["N", "4"], ["4"], [], ["N", "1"]])
    text = f"{kind}([{', '.join(sizes)}]{f', {value}' if kind == 'full' else ''})"

    def compute(given: list[Tensor], weights: Weights) -> Tensor:
        real = [len(given[0]) if size == "N" else int(size) for size in sizes]
        return given[0] * torch.full(real, value)

    return Operation(kind, f"a * {text}", ("float[N, 4]",), compute)


@operation
def _attention(random: Random) -> Operation:
    heads, size, other = random.choice([1, 2, 4]), random.choice([2, 4, 6]), random.choice([2, 3])
    groups = divisor(random, heads)
    own = maybe(random)
    length, longer = ("T", "T") if own else random.choice([("T", "S"), ("3", "5"), ("T", "7")])
    types = [
        f"float[N, {heads}, {length}, {size}]",
        f"float[N, {groups}, {longer}, {size}]",
        f"float[N, {groups}, {longer}, {other}]",
    ]
    arguments: dict[str, Any] = {}
    if maybe(random, 0.4):
        arguments["causal"] = True
    if maybe(random, 0.3):
        arguments["window"] = random.randint(1, 4)
    if maybe(random, 0.2):
        arguments["scale"] = 0.7
    if maybe(random, 0.15) and not own:
        arguments["offset"] = random.randint(0, 3)
    if maybe(random, 0.2):
        arguments["cap"] = random.choice([0.5, 3.0])
    if maybe(random, 0.2):
        arguments["alibi"] = True
    shown = [f"{key} = {str(value).lower()}" for key, value in arguments.items()]
    names = ["a", "b", "c"]
    mask = random.choice(
        [None, None, f"bool[N, 1, 1, {longer}]", f"bool[{length}, {longer}]", f"float[1, {heads}, {length}, {longer}]"]
    )
    bias = random.choice([None, None, None, f"float[{heads}, {length}, {longer}]"])
    if mask:
        types.append(mask)
        names.append("mask = d")
    if bias:
        types.append(bias)
        names.append(f"bias = {'abcde'[len(types) - 1]}")
    sinks = maybe(random, 0.15)
    if sinks:
        types.append(f"float[{heads}]")
        names.append(f"sinks = {'abcdef'[len(types) - 1]}")

    def compute(given: list[Tensor], weights: Weights) -> Tensor:
        rest = list(given[3:])
        more = [rest.pop(0) if there else None for there in (mask, bias, sinks)]
        return FORMULAS["Attention"](arguments, weights, [*given[:3], *more])  # type: ignore[no-any-return]

    return Operation("Attention", f"attention({', '.join(names + shown)})", tuple(types), compute)


@operation
def _multihead(random: Random) -> Operation:
    heads, size = random.choice([1, 2, 3]), 6
    first = maybe(random, 0.7)

    def order(time: str, width: int) -> str:
        return f"float[N, {time}, {width}]" if first else f"float[{time}, N, {width}]"

    types, names = [order("T", size)], ["a"]
    form = random.choice(["own", "key", "value"])
    time, arguments = "T", {"num_heads": heads}
    if form != "own":
        time = random.choice(["S", "T", "5"])
        types.append(order(time, random.choice([size, 5])))
        names.append("b")
    if form == "value":
        types.append(order(time, random.choice([size, 3])))
        names.append("c")
    options: dict[str, Any] = {}
    if not first:
        options["batch_first"] = False
    if maybe(random, 0.2):
        options["bias"] = False
    if form == "own" and maybe(random, 0.4):
        options["causal"] = True
    padding = random.choice([None, None, f"bool[N, {time}]", f"float[N, {time}]"])
    mask = random.choice([None, None, f"bool[T, {time}]", f"float[T, {time}]", f"float[{heads}*N, T, {time}]"])
    extra = []
    for name, given in (("key_padding_mask", padding), ("attn_mask", mask)):
        if given:
            types.append(given)
            extra.append(f"{name} = {'abcde'[len(types) - 1]}")
    shown = [str(heads), *(f"{key} = {str(value).lower()}" for key, value in options.items()), *extra]
    arguments = {"num_heads": heads, **options}
    flows = len(names)

    def compute(given: list[Tensor], weights: Weights) -> Tensor | None:
        rest = list(given[flows:])
        hidden = rest.pop(0) if padding else None
        unseen = rest.pop(0) if mask else None
        inputs = [*given[:flows], *[None] * (3 - flows), hidden, unseen]
        found: Tensor = FORMULAS["MultiheadAttention"](arguments, weights, inputs)
        return None if bool(found.isnan().any()) else found  # a row that sees no key: zeros here, no numbers in torch

    text = f"({', '.join(names)}) -> layer: MultiheadAttention({', '.join(shown)})"
    return Operation("MultiheadAttention", text.replace("(a) ->", "a ->"), tuple(types), compute)


@operation
def _recurrent(random: Random) -> Operation:
    kind = random.choice(["LSTM", "GRU", "RNN"])
    hidden, layers, both = random.randint(1, 4), random.choice([1, 1, 2]), maybe(random, 0.4)
    first = maybe(random)
    options: dict[str, Any] = {"hidden_size": hidden}
    if layers > 1:
        options["num_layers"] = layers
    if both:
        options["bidirectional"] = True
    if first:
        options["batch_first"] = True
    count = layers * (2 if both else 1)
    types = ["float[N, T, 3]" if first else "float[T, N, 3]", f"float[{count}, N, {hidden}]"]
    names = ["a", "b"]
    if kind == "LSTM":
        types.append(f"float[{count}, N, {hidden}]")
        names.append("c")
    shown = [str(hidden), *(f"{key} = {str(value).lower()}" for key, value in options.items() if key != "hidden_size")]
    outputs = "\n  output y = layer\n  output s = layer.state" + ("\n  output m = layer.cell" if kind == "LSTM" else "")
    text = f"({', '.join(names)}) -> layer: {kind}({', '.join(shown)}){outputs}"
    return Operation(kind, text, tuple(types), lambda given, weights: FORMULAS[kind](options, weights, given))


LLAMA3 = {"scaling": "llama3", "factor": 8.0, "original_length": 64}


@operation
def _rotary(random: Random) -> Operation:
    options = random.choice([{}, {"interleaved": True}, {"base": 100.0}, LLAMA3])
    shown = "".join(f", {key} = {json.dumps(value)}" for key, value in options.items())
    types = random.choice(
        [("float[N, 2, T, 4]", "int[N, T]"), ("float[N, 2, T, 6]", "int[T]"), ("float[N, T, 8]", "int[T]")]
    )
    return Operation("rotary", f"rotary(a, b{shown})", types, lambda g, w: FORMULAS["RotaryEmbedding"](options, w, g))


@operation
def _fit(random: Random) -> Operation:
    crop = maybe(random)
    large, less = random.choice([("H + 3", "H"), ("9", "4"), ("3*H", "2*H"), ("H", "H")])
    width = random.choice([("7", "7"), ("8", "5"), ("W", "W")])
    larger, smaller = f"float[N, 3, {large}, {width[0]}]", f"float[N, 2, {less}, {width[1]}]"
    name = "CenterCrop" if crop else "PadTo"
    types = (larger, smaller) if crop else (smaller, larger)
    return Operation(name, f"(a, b) -> {name}", types, lambda given, weights: FORMULAS[name]({}, weights, given))


# --- losses and metrics


def reduced(values: Tensor, reduction: str) -> Tensor:
    """What torch's reductions do with the loss of every element; "batchmean" sums each sample."""
    if reduction == "batchmean":
        return values.flatten(1).sum(1).mean()
    return values if reduction == "none" else values.sum() if reduction == "sum" else values.mean()


def _reduction(random: Random) -> tuple[str, str]:
    reduction = random.choice(["mean", "mean", "sum", "none", "batchmean"])
    return reduction, "" if reduction == "mean" and maybe(random) else f', reduction = "{reduction}"'


@operation
def _distance(random: Random) -> Operation:
    reduction, shown = _reduction(random)
    sizes = shape(random, 2)
    beta = random.choice([1.0, 0.25, 2.0])
    kinds: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
        "mse": lambda a, b: (a - b) ** 2,
        "mae": lambda a, b: (a - b).abs(),
        "huber": lambda a, b: F.huber_loss(a, b, reduction="none", delta=beta),
        "smooth_l1": lambda a, b: F.smooth_l1_loss(a, b, reduction="none", beta=beta),
        "binary_cross_entropy_with_logits": lambda a, b: F.binary_cross_entropy_with_logits(a, b, reduction="none"),
        "binary_cross_entropy": lambda a, b: F.binary_cross_entropy(a.sigmoid(), b.sigmoid(), reduction="none"),
        "hinge": lambda a, b: (1 - a * b).clamp(min=0),
        "focal": lambda a, b: _focal(a, b.sigmoid(), 2.0, 0.25),
        "kl_divergence": lambda a, b: -0.5 * (1 + b - a**2 - b.exp()),
    }
    name = random.choice(list(kinds))
    option = {"huber": f", delta = {beta}", "smooth_l1": f", beta = {beta}"}.get(name, "")
    left = "sigmoid(a)" if name == "binary_cross_entropy" else "a"
    right = "sigmoid(b)" if name in {"binary_cross_entropy", "focal"} else "b"
    if name == "kl_divergence" and not shown:
        reduction = "batchmean"
    function, how = kinds[name], reduction
    types = (type_of("float", sizes),) * 2
    return Operation(name, f"{name}({left}, {right}{option}{shown})", types, lambda g, w: reduced(function(*g), how))


def _focal(a: Tensor, target: Tensor, gamma: float, alpha: float) -> Tensor:
    p = a.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(a, target, reduction="none")
    right = p * target + (1 - p) * (1 - target)
    return entropy * (1 - right) ** gamma * (alpha * target + (1 - alpha) * (1 - target))


@operation
def _classes(random: Random) -> Operation:
    reduction, shown = _reduction(random)
    if reduction == "batchmean":
        reduction, shown = "sum", ', reduction = "sum"'
    rest = random.choice([[], ["T"], ["H", "3"]])
    types = (type_of("float", ["N", "5", *rest]), type_of("int", ["N", *rest]))
    options: dict[str, Any] = {}
    if maybe(random, 0.4):
        options["ignore_index"] = random.choice([0, 1, -100])
    if maybe(random, 0.3):
        values = [random.choice([0.5, 1.0, 2.0]) for _ in range(5)]
        return Operation(
            "cross_entropy", f"cross_entropy(a, b, class_weights = {values}{_shown(options)}{shown})", types,
            lambda g, w: F.cross_entropy(*g, weight=torch.tensor(values), reduction=reduction, **options),
        )  # fmt: skip
    if maybe(random, 0.4):
        return Operation("nll_loss", f"nll_loss(log_softmax(a, dim = 1), b{_shown(options)}{shown})", types, lambda g, w: F.nll_loss(g[0].log_softmax(1), g[1], reduction=reduction, **options))  # fmt: skip
    if maybe(random, 0.3):
        options["label_smoothing"] = 0.1
    return Operation("cross_entropy", f"cross_entropy(a, b{_shown(options)}{shown})", types, lambda g, w: F.cross_entropy(*g, reduction=reduction, **options))  # fmt: skip


def _shown(options: dict[str, Any]) -> str:
    return "".join(f", {key} = {value}" for key, value in options.items())


@operation
def _by_indices(random: Random) -> Operation:
    rank, dtype = random.randint(1, 3), random.choice(["float", "float", "int"])
    sizes, dim = ["N", "T", "4"][-rank:], random.randrange(rank)
    sizes[dim] = str(random.randint(3, 6))  # the indices that are drawn are below 3
    others = [*sizes[:dim], random.choice(["1", "2", "K", "7"]), *sizes[dim + 1 :]]
    shown = random.choice([dim, dim - rank])
    types = (type_of(dtype, sizes), type_of("int", others))
    if maybe(random):
        return Operation("gather", f"gather(a, b, dim = {shown})", types, lambda g, w: g[0].gather(dim, g[1]))
    given = (*types, type_of(dtype, others))
    if maybe(random, 0.4):
        text = f'scatter(a, b, c, dim = {shown}, reduce = "sum")'
        return Operation("scatter sum", text, given, lambda g, w: g[0].scatter_add(dim, g[1], g[2]))
    reduce = random.choice(["prod", "amax", "amin"])
    text = f'scatter(a, b, c, dim = {shown}, reduce = "{reduce}")'
    return Operation("scatter", text, given, lambda g, w: g[0].scatter_reduce(dim, g[1], g[2], reduce))


@operation
def _one_hot(random: Random) -> Operation:
    sizes, count = shape(random, high=3), random.randint(3, 6)  # the whole numbers that are drawn are below 3
    return Operation("one_hot", f"one_hot(a, {count})", (type_of("int", sizes),), lambda g, w: F.one_hot(g[0], count))


EQUATIONS = [
    ("bhqd,bhkd->bhqk", ("N 2 T 4", "N 2 S 4")), ("...i,ij->...j", ("N T 3", "3 5")), ("ij,ij->i", ("N T", "N T")),
    ("bi,bj->bij", ("N 3", "N T")), ("...ij,...jk", ("2 1 T 4", "5 4 3")), ("bii->b", ("N T T",)),
    ("bij->bji", ("N T 3",)), ("ij,jk,kl->il", ("N T", "T 3", "3 S")), ("bij->b", ("N T 3",)), ("i,j", ("N", "T")),
    ("bn,bnd->bd", ("N T", "N T 4")), ("i,i->", ("T", "T")),
]  # fmt: skip


@operation
def _einsum(random: Random) -> Operation:
    equation, operands = random.choice(EQUATIONS)
    types = tuple(type_of("float", operand.split()) for operand in operands)
    names = ", ".join("abc"[: len(types)])
    return Operation("einsum", f'einsum("{equation}", {names})', types, lambda g, w: torch.einsum(equation, *g))


@operation
def _grid(random: Random) -> Operation:
    corners = maybe(random)
    sizes = [random.choice(["H", "1", "2", "5"]), random.choice(["W", "3", "6"])]
    if maybe(random, 0.3):
        shown, maps = ", ".join(sizes), "float[N, 2, 3]"
        text = f"affine_grid(a, [{shown}], align_corners = {str(corners).lower()})"

        def grid(given: list[Tensor], weights: Weights) -> Tensor:
            return F.affine_grid(given[0], [len(given[0]), 1, *given[1].shape], align_corners=corners)

        return Operation("affine_grid", text, (maps, type_of("float", sizes)), grid)
    options: dict[str, Any] = {"mode": "bilinear", "padding_mode": random.choice(["zeros", "border", "reflection"])}
    types = (type_of("float", ["N", "2", *sizes]), "float[N, h, 3, 2]")
    if maybe(random, 0.3):
        types = (type_of("float", ["N", "2", *sizes, "3"]), "float[N, h, 2, 3, 3]")
    elif maybe(random, 0.3):
        options["mode"] = "bicubic"
    written = ", ".join(f'{key} = "{value}"' for key, value in options.items())
    text = f"grid_sample(a, b, {written}, align_corners = {str(corners).lower()})"
    return Operation("grid_sample", text, types, lambda g, w: F.grid_sample(*g, **options, align_corners=corners))


@operation
def _metric(random: Random) -> Operation:
    if maybe(random, 0.3):
        rest = random.choice([[], ["T"]])
        types = (type_of("float", ["N", "4", *rest]), type_of("int", ["N", *rest]))
        ignored = random.choice([None, 0])

        def share(given: list[Tensor], weights: Weights) -> Tensor:
            right = (given[0].argmax(1) == given[1]).float()
            return right.mean() if ignored is None else right[given[1] != ignored].mean()

        return Operation("accuracy", f"accuracy(a, b{'' if ignored is None else ', ignore_index = 0'})", types, share)
    if maybe(random, 0.3):
        dim = random.choice([1, -1])
        return Operation("cosine_similarity", f"cosine_similarity(a, b, dim = {dim})", ("float[N, 3, T]",) * 2, lambda g, w: F.cosine_similarity(*g, dim=dim))  # fmt: skip
    if maybe(random, 0.3):

        def contrast(given: list[Tensor], weights: Weights) -> Tensor:
            logits = F.normalize(given[0], dim=1) @ F.normalize(given[1], dim=1).T / 0.5
            return F.cross_entropy(logits, torch.arange(len(logits)))

        return Operation("info_nce", "info_nce(a, b, temperature = 0.5)", ("float[N, 3]",) * 2, contrast)
    if maybe(random, 0.3):

        def overlap(given: list[Tensor], weights: Weights) -> Tensor:
            a, b = (each.sigmoid().flatten(1) for each in given)
            return (1 - (2 * (a * b).sum(1) + 1) / (a.sum(1) + b.sum(1) + 1)).mean()

        return Operation("dice_loss", "dice_loss(sigmoid(a), sigmoid(b))", ("float[N, 3, T]",) * 2, overlap)
    if maybe(random, 0.3):
        return Operation("ctc", "ctc(log_softmax(a, dim = 2), b)", ("float[N, T, 5]", "int[N, 3]"), _ctc)
    return Operation("mean_iou", "mean_iou(a, b)", ("float[N, 4, T]", "int[N, T]"), None)


def _ctc(given: list[Tensor], weights: Weights) -> Tensor:
    scores, labels = given[0].log_softmax(2).transpose(0, 1), given[1]
    kept = [row[row != 0] for row in labels]
    lengths = torch.tensor([len(row) for row in kept])
    padded = torch.stack([F.pad(row, (0, labels.shape[1] - len(row))) for row in kept])
    times = torch.full((scores.shape[1],), scores.shape[0])
    if any(math.prod(row.shape) == 0 for row in kept):
        lengths = lengths.clamp(min=0)
    return F.ctc_loss(scores, padded, times, lengths, zero_infinity=True)
