"""Arguments for every layer, drawn for the type that it is given: what the machines build their layers from.

A draw may propose what the layer refuses; `use` asks the layer itself, by its shape rule, and draws again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import NamedTuple

from pydantic import ValidationError

from nnspec.dims import Expression, Size
from nnspec.layers import registry
from nnspec.layers.base import Layer
from nnspec.layers.tensor_type import LayerError, TensorType

Arguments = dict[str, object]
Draw = Callable[[Random, TensorType], Arguments]


class Entry(NamedTuple):
    """The ranks and element types that a layer takes as its one input, and how its arguments are drawn."""

    name: str
    ranks: tuple[int, ...]
    dtypes: tuple[str, ...]
    draw: Draw
    steady: bool = True  # a small change of the input makes a small change of the result
    ample: bool = False  # takes numbers of one sign or range only; others give NaN or infinity


ENTRIES: dict[str, Entry] = {}
ANY = (1, 2, 3, 4, 5)
FLOAT, NUMBER, ALL = ("float",), ("float", "int"), ("float", "int", "bool")
_TRIES = 4


class Used(NamedTuple):
    """A layer with arguments, what was written for it, and what it gives."""

    layer: Layer
    arguments: Arguments
    results: tuple[TensorType, ...]


def use(random: Random, name: str, *given: TensorType | None, tries: int = _TRIES) -> Used | None:
    """The layer of this name on inputs of these types, with arguments that it takes; None where none were found."""
    entry, kind = ENTRIES[name], registry.find(name)
    assert kind is not None and given[0] is not None
    for _ in range(tries):
        arguments = entry.draw(random, given[0])
        try:
            layer = kind(**arguments)
            return Used(layer, arguments, layer.results(*given))
        except (ValidationError, LayerError, ArithmeticError):
            continue
    return None


def fitting(given: TensorType) -> list[Entry]:
    """The layers that take this rank and element type."""
    return [entry for entry in ENTRIES.values() if given.rank in entry.ranks and given.dtype in entry.dtypes]


def entry(
    *names: str, ranks: tuple[int, ...] = ANY, dtypes: tuple[str, ...] = FLOAT, steady: bool = True, ample: bool = False
) -> Callable[[Draw], Draw]:
    """Register a draw for layers of these names."""

    def register(draw: Draw) -> Draw:
        for name in names:
            ENTRIES[name] = Entry(name, ranks, dtypes, draw, steady, ample)
        return draw

    return register


def spatial(*names: str, dtypes: tuple[str, ...] = FLOAT) -> Callable[[Draw], Draw]:
    """Register a draw for layers whose names end in 1d, 2d and 3d, as `Conv#d`."""

    def register(draw: Draw) -> Draw:
        for name in names:
            for dims in (1, 2, 3):
                entry(name.replace("#", str(dims)), ranks=(dims + 2,), dtypes=dtypes)(draw)
        return draw

    return register


# --- parts of arguments


def maybe(random: Random, chance: float = 0.5) -> bool:
    return random.random() < chance


def sizes(random: Random, low: int, high: int, count: int) -> int | tuple[int, ...]:
    """One number for all dimensions, or one for each."""
    if maybe(random, 0.6):
        return random.randint(low, high)
    return tuple(random.randint(low, high) for _ in range(count))


def some(random: Random, chance: float = 0.3, **draws: Callable[[], object]) -> Arguments:
    """Some of these arguments; the others keep their defaults."""
    return {name: draw() for name, draw in draws.items() if random.random() < chance}


def channels(given: TensorType, dim: int = 1) -> int:
    size = given.shape[dim]
    return size if isinstance(size, int) else 1


def divisor(random: Random, number: int) -> int:
    return random.choice([part for part in range(1, number + 1) if number % part == 0])


def axis(random: Random, given: TensorType) -> int:
    """A dimension, counted from the front or the end; the batch seldom."""
    dim = random.randrange(given.rank) if maybe(random, 0.2) or given.rank == 1 else random.randrange(1, given.rank)
    return dim - given.rank if maybe(random) else dim


def axes(random: Random, given: TensorType) -> tuple[int, ...]:
    count = random.randint(1, min(3, given.rank))
    dims = random.sample(range(given.rank), count)
    return tuple(dim - given.rank if maybe(random) else dim for dim in dims)


def starts(random: Random, bias: bool = True) -> Arguments:
    """Initialisers."""
    named = ["kaiming_normal", "kaiming_uniform", "xavier_uniform", "xavier_normal", "lecun_normal"]
    made = some(
        random,
        0.1,
        weight_init=lambda: random.choice([*named, 0.5, ("normal", 0.0, 0.02), ("uniform", -0.5, 0.5)]),
        bias_init=lambda: random.choice([0.25, ("normal", 0.0, 0.02)]),
    )
    return made if bias else {key: value for key, value in made.items() if key != "bias_init"}


def vary(random: Random) -> float:
    return round(random.uniform(0.05, 2.0), random.choice([1, 2, 3]))


# --- element by element


def _nothing(random: Random, given: TensorType) -> Arguments:
    return {}


SMOOTH = (
    "ReLU", "ReLU6", "SELU", "SiLU", "Sigmoid", "Tanh", "Tanhshrink", "Softsign", "Mish", "Hardswish", "Hardsigmoid",
    "LogSigmoid", "Erf", "Cos", "Atan", "Dropout", "Sin",
)  # fmt: skip
entry(*SMOOTH)(_nothing)
entry("Abs", "Neg", "Square", "Identity", dtypes=NUMBER)(_nothing)
entry("Sign", "Round", "Floor", "Ceil", dtypes=NUMBER, steady=False)(_nothing)
entry("Exp", "Cosh", "Sinh", ample=True)(_nothing)
entry("Log", "Log10", "Log2", "Log1p", "Sqrt", "Rsqrt", "Reciprocal", "Asin", "Acos", "Tan", ample=True)(_nothing)
entry("Not", dtypes=("bool",))(_nothing)
entry("Detach", dtypes=NUMBER)(_nothing)
entry("Softmax2d", ranks=(4,))(_nothing)
entry("ELU", "CELU")(lambda r, t: some(r, alpha=lambda: vary(r)))
entry("GELU")(lambda r, t: some(r, approximate=lambda: "tanh"))
entry("LeakyReLU")(lambda r, t: some(r, negative_slope=lambda: r.choice([0.0, 0.2, 1.0, -0.1, vary(r)])))
entry("Softplus")(lambda r, t: some(r, beta=lambda: vary(r), threshold=lambda: r.choice([0.25, 2.0, 20.0])))
entry("Hardtanh")(lambda r, t: some(r, min_val=lambda: -vary(r), max_val=lambda: 2 * vary(r)))
entry("Softshrink")(lambda r, t: some(r, lambd=lambda: vary(r)))
entry("Hardshrink", steady=False)(lambda r, t: some(r, lambd=lambda: vary(r)))
entry("Threshold", steady=False)(lambda r, t: {"threshold": vary(r) - 1, "value": vary(r)})
entry("RReLU")(lambda r, t: some(r, lower=lambda: 0.1, upper=lambda: 0.4))
entry("PReLU", ranks=(2, 3, 4, 5))(
    lambda r, t: some(r, num_parameters=lambda: channels(t), init=lambda: r.choice([0.0, 0.1, 1.0]))
)
entry("Clamp", dtypes=NUMBER)(
    lambda r, t: (
        some(r, 0.7, min=lambda: -vary(r), max=lambda: vary(r))
        if t.dtype == "float"
        else some(r, 0.7, min=lambda: r.randint(-2, 1), max=lambda: r.randint(2, 4))
    )
)
entry("Cast", dtypes=ALL, steady=False)(lambda r, t: {"dtype": r.choice(["float", "int", "bool"])})
entry("AlphaDropout", "FeatureAlphaDropout")(lambda r, t: some(r, p=lambda: r.choice([0.0, 0.2, 0.9])))
spatial("Dropout#d")(lambda r, t: some(r, p=lambda: r.choice([0.0, 0.2, 0.9])))
entry("StochasticDepth")(lambda r, t: {"p": r.choice([0.0, 0.1, 0.5]), **some(r, mode=lambda: "batch")})


# --- along a dimension

entry("Softmax", "LogSoftmax", "Softmin")(lambda r, t: some(r, 0.6, dim=lambda: axis(r, t)))
entry("GLU")(lambda r, t: some(r, 0.6, dim=lambda: axis(r, t)))
entry("CumulativeSum", "CumulativeProduct", dtypes=NUMBER)(lambda r, t: {"dim": axis(r, t)})
entry("All", "Any", dtypes=("bool",))(
    lambda r, t: some(r, 0.7, dim=lambda: r.choice([axis(r, t), axes(r, t)])) | some(r, keepdim=lambda: True)
)
entry("TopK", steady=False)(
    lambda r, t: {
        "k": r.randint(1, 3),
        **some(r, 0.5, dim=lambda: axis(r, t)),
        **some(r, largest=lambda: False),
    }
)
entry("Sort", "ArgSort", dtypes=NUMBER, steady=False)(
    lambda r, t: some(r, 0.6, dim=lambda: axis(r, t)) | some(r, 0.4, descending=lambda: True)
)
entry("Tril", "Triu", ranks=(2, 3, 4, 5), dtypes=ALL)(lambda r, t: some(r, 0.6, diagonal=lambda: r.randint(-3, 3)))
entry("RepeatInterleave", dtypes=ALL)(lambda r, t: {"repeats": r.randint(1, 3), "dim": axis(r, t)})


def _reduction(random: Random, given: TensorType) -> Arguments:
    dim = random.choice([axis(random, given), axes(random, given)])
    return some(random, 0.8, dim=lambda: dim) | some(random, keepdim=lambda: True)


entry("Mean", "LogSumExp")(_reduction)
entry("Sum", "Max", "Min", dtypes=NUMBER)(_reduction)
entry("Variance", "StandardDeviation")(
    lambda r, t: _reduction(r, t) | {"unbiased": maybe(r, 0.2)}  # one element has no unbiased variance
)
entry("Norm")(lambda r, t: _reduction(r, t) | some(r, p=lambda: 1))
entry("Prod", dtypes=NUMBER)(lambda r, t: some(r, 0.8, dim=lambda: axis(r, t)) | some(r, keepdim=lambda: True))
entry("ArgMax", "ArgMin", dtypes=NUMBER, steady=False)(
    lambda r, t: some(r, 0.8, dim=lambda: axis(r, t)) | some(r, keepdim=lambda: True)
)


# --- windows


def _kernel(random: Random, given: TensorType, most: int = 3) -> int | tuple[int, ...]:
    return sizes(random, 1, most, given.rank - 2)


def _pairs(random: Random, given: TensorType, most: int = 1) -> tuple[tuple[int, int], ...]:
    return tuple((random.randint(0, most), random.randint(0, most)) for _ in given.shape[2:])


@spatial("Conv#d")
def _convolution(random: Random, given: TensorType) -> Arguments:
    count, groups = given.rank - 2, 1
    if maybe(random, 0.3):
        groups = divisor(random, channels(given))
    out = groups * random.randint(1, max(1, 6 // groups))
    padding: object = random.choice([sizes(random, 0, 2, count), _pairs(random, given), "same", "valid", "same_upper"])
    return {
        "out_channels": out,
        "kernel_size": _kernel(random, given),
        **({"groups": groups} if groups > 1 else {}),
        **some(random, 0.4, padding=lambda: padding),
        **some(random, 0.3, stride=lambda: sizes(random, 1, 3, count), dilation=lambda: sizes(random, 1, 2, count)),
        **some(random, 0.2, bias=lambda: False, norm=lambda: random.choice(["weight", "spectral"])),
        **some(random, 0.15, padding_mode=lambda: random.choice(["reflect", "replicate", "circular"])),
        **starts(random),
    }


@spatial("ConvTranspose#d")
def _transposed(random: Random, given: TensorType) -> Arguments:
    count, groups = given.rank - 2, 1
    if maybe(random, 0.3):
        groups = divisor(random, channels(given))
    return {
        "out_channels": groups * random.randint(1, max(1, 4 // groups)),
        "kernel_size": _kernel(random, given),
        **({"groups": groups} if groups > 1 else {}),
        **some(
            random,
            stride=lambda: sizes(random, 1, 3, count),
            padding=lambda: sizes(random, 0, 1, count),
            output_padding=lambda: sizes(random, 0, 2, count),
            dilation=lambda: sizes(random, 1, 3, count),
        ),
        **some(random, 0.2, bias=lambda: False, norm=lambda: random.choice(["weight", "spectral"])),
        **starts(random),
    }


@spatial("MaxPool#d")
def _max_pool(random: Random, given: TensorType) -> Arguments:
    count = given.rank - 2
    padding = random.choice([sizes(random, 0, 1, count), _pairs(random, given), "same_upper"])
    return {"kernel_size": _kernel(random, given)} | some(
        random,
        0.35,
        stride=lambda: sizes(random, 1, 3, count),
        padding=lambda: padding,
        dilation=lambda: sizes(random, 1, 2, count),
        ceil_mode=lambda: True,
    )


@spatial("AvgPool#d")
def _average_pool(random: Random, given: TensorType) -> Arguments:
    count = given.rank - 2
    padding = random.choice([sizes(random, 0, 1, count), _pairs(random, given), "same_upper"])
    drawn = {"kernel_size": _kernel(random, given)} | some(
        random,
        0.35,
        stride=lambda: sizes(random, 1, 3, count),
        padding=lambda: padding,
        ceil_mode=lambda: True,
        count_include_pad=lambda: False,
    )
    return drawn | (some(random, 0.1, divisor_override=lambda: random.randint(1, 5)) if count > 1 else {})


spatial("LPPool#d")(
    lambda r, t: {
        "norm_type": r.choice([1, 2, 4]),  # others are no numbers where a sum is negative
        "kernel_size": _kernel(r, t),
        **some(r, 0.35, stride=lambda: sizes(r, 1, 3, t.rank - 2), ceil_mode=lambda: True),
    }
)


def _output_size(random: Random, given: TensorType) -> object:
    if maybe(random, 0.5):
        return random.randint(1, 4)
    return tuple(None if maybe(random, 0.2) else random.randint(1, 4) for _ in given.shape[2:])


spatial("AdaptiveAvgPool#d", "AdaptiveMaxPool#d")(lambda r, t: {"output_size": _output_size(r, t)})
spatial("GlobalAvgPool#d", "GlobalMaxPool#d")(_nothing)
entry("Unfold", ranks=(4,))(
    lambda r, t: {
        "kernel_size": _kernel(r, t),
        **some(
            r, stride=lambda: sizes(r, 1, 2, 2), padding=lambda: sizes(r, 0, 1, 2), dilation=lambda: sizes(r, 1, 2, 2)
        ),
    }
)
entry("Fold", ranks=(3,))(
    lambda r, t: {
        "output_size": sizes(r, 2, 5, 2),
        "kernel_size": sizes(r, 1, 2, 2),
        **some(
            r, stride=lambda: sizes(r, 1, 2, 2), padding=lambda: sizes(r, 0, 1, 2), dilation=lambda: sizes(r, 1, 2, 2)
        ),
    }
)


# --- padding, resizing, shuffling


def _around(random: Random, count: int, low: int, high: int) -> int | tuple[int, ...]:
    if maybe(random, 0.4):
        return random.randint(max(low, 0), high)
    return tuple(random.randint(low, high) for _ in range(2 * count))


spatial("ZeroPad#d")(lambda r, t: {"padding": _around(r, t.rank - 2, -1, 2)})
spatial("ConstantPad#d")(lambda r, t: {"padding": _around(r, t.rank - 2, -1, 2), "value": vary(r)})
spatial("ReflectionPad#d", "ReplicationPad#d", "CircularPad#d")(lambda r, t: {"padding": _around(r, t.rank - 2, 0, 2)})


@entry("Pad", dtypes=NUMBER)
def _pad(random: Random, given: TensorType) -> Arguments:
    dims = random.randint(1, min(given.rank, 3))
    if given.dtype == "float" and maybe(random, 0.3):
        padding = tuple(random.randint(0, 2) for _ in range(2 * dims))
        return {"padding": padding, "mode": random.choice(["reflect", "replicate", "circular"])}
    drawn: Arguments = {"padding": tuple(random.randint(-1, 2) for _ in range(2 * dims))}
    return drawn | some(random, value=lambda: float(random.randint(-2, 2)))


@entry("Upsample", ranks=(3, 4, 5))
def _upsample(random: Random, given: TensorType) -> Arguments:
    count = given.rank - 2
    linear = {1: ["linear"], 2: ["bilinear", "bicubic"], 3: ["trilinear"]}[count]
    mode = random.choice(["nearest", "nearest-exact", *linear, *linear])
    factors = [1, 2, 2, 3, 0.5, 1.5, 2.3, 0.7]
    drawn: Arguments = (
        {"size": sizes(random, 1, 7, count)}
        if maybe(random, 0.4)
        else {
            "scale_factor": random.choice(factors)
            if maybe(random, 0.7)
            else tuple(random.choice(factors) for _ in range(count))
        }
    )
    if mode != "nearest":
        drawn["mode"] = mode
    if mode in linear:
        drawn |= some(random, align_corners=lambda: maybe(random))
    return drawn


entry("UpsamplingBilinear2d", "UpsamplingNearest2d", ranks=(4,))(
    lambda r, t: {"size": sizes(r, 1, 7, 2)} if maybe(r) else {"scale_factor": sizes(r, 1, 3, 2)}
)
entry("CenterCrop", ranks=(3, 4, 5), dtypes=NUMBER)(lambda r, t: {"size": sizes(r, 1, 3, t.rank - 2)})
entry("PixelShuffle", ranks=(4,))(lambda r, t: {"upscale_factor": r.choice([1, 2, 3])})
entry("PixelUnshuffle", ranks=(4,))(lambda r, t: {"downscale_factor": r.choice([1, 2])})
entry("ChannelShuffle", ranks=(3, 4, 5))(lambda r, t: {"groups": divisor(r, channels(t))})


# --- norms


@spatial("BatchNorm#d")
def _batch_norm(random: Random, given: TensorType) -> Arguments:
    return some(
        random,
        0.2,
        eps=lambda: random.choice([1e-3, 0.1]),
        momentum=lambda: random.choice([None, 0.0, 1.0, 0.3]),
        affine=lambda: False,
        track_running_stats=lambda: False,
        bias=lambda: False,
        scale=lambda: False,
    ) | starts(random)


ENTRIES["BatchNorm1d"] = ENTRIES["BatchNorm1d"]._replace(ranks=(2, 3))
spatial("InstanceNorm#d")(
    lambda r, t: (
        some(
            r,
            0.3,
            eps=lambda: r.choice([1e-3, 0.1]),
            affine=lambda: True,
            track_running_stats=lambda: True,
            bias=lambda: False,
        )
        | starts(r)
    )
)
entry("LayerNorm", ranks=(2, 3, 4, 5))(
    lambda r, t: (
        some(
            r,
            0.2,
            eps=lambda: r.choice([1e-3, 1e-6]),
            elementwise_affine=lambda: False,
            bias=lambda: False,
            dims=lambda: r.randint(1, t.rank - 1),
        )
        | starts(r)
    )
)
entry("LayerNorm2d", ranks=(4,))(
    lambda r, t: some(r, 0.2, eps=lambda: 1e-3, elementwise_affine=lambda: False, bias=lambda: False) | starts(r)
)
entry("RMSNorm", ranks=(2, 3, 4, 5))(
    lambda r, t: (
        some(
            r,
            0.2,
            eps=lambda: r.choice([1e-3, 1e-6]),
            elementwise_affine=lambda: False,
            dims=lambda: r.randint(1, t.rank - 1),
        )
        | starts(r, bias=False)
    )
)
entry("GroupNorm", ranks=(2, 3, 4, 5))(
    lambda r, t: {
        "num_groups": divisor(r, channels(t)),
        **some(r, 0.2, eps=lambda: 1e-3, affine=lambda: False, bias=lambda: False),
        **starts(r),
    }
)
entry("LocalResponseNorm", ranks=(3, 4, 5))(
    lambda r, t: {
        "size": r.randint(1, 5),
        **some(r, alpha=lambda: vary(r), beta=lambda: r.choice([0.5, 1.0]), k=lambda: vary(r)),
    }
)


# --- products


entry("Linear")(
    lambda r, t: {
        "out_features": r.randint(1, 8),
        **some(r, 0.2, bias=lambda: False, norm=lambda: r.choice(["weight", "spectral"])),
        **starts(r),
    }
)
entry("Conv1D", ranks=(2, 3, 4))(lambda r, t: {"out_features": r.randint(1, 8), **starts(r)})


@entry("Embedding", ranks=(1, 2, 3), dtypes=("int",))
def _embedding(random: Random, given: TensorType) -> Arguments:
    count = random.randint(4, 12)
    drawn: Arguments = {"num_embeddings": count, "embedding_dim": random.choice([2, 4, 6, 8])}
    return drawn | some(random, padding_idx=lambda: random.randrange(-count, count)) | starts(random, bias=False)


def _recurrent(random: Random, given: TensorType) -> Arguments:
    return {"hidden_size": random.randint(1, 6)} | some(
        random,
        num_layers=lambda: 2,
        bias=lambda: False,
        batch_first=lambda: True,
        bidirectional=lambda: True,
        recurrent_bias=lambda: False,
    )


entry("RNNCell", "GRUCell", "LSTMCell", ranks=(2,))(
    lambda r, t: {"hidden_size": r.randint(1, 6), **some(r, bias=lambda: False)}
)
entry("GRU", ranks=(3,))(_recurrent)
entry("LSTM", ranks=(3,))(
    lambda r, t: (
        (drawn := _recurrent(r, t))
        | some(r, 0.15, proj_size=lambda: r.randint(1, max(1, int(str(drawn["hidden_size"])) - 1)))
    )
)
entry("RNN", ranks=(3,))(lambda r, t: _recurrent(r, t) | some(r, nonlinearity=lambda: "relu"))
entry("MultiheadAttention", ranks=(3,))(
    lambda r, t: {
        "num_heads": divisor(r, channels(t, 2)),
        **some(r, bias=lambda: False, batch_first=lambda: False, causal=lambda: True, dropout=lambda: 0.1),
    }
)
entry("RotaryEmbedding", ranks=(2, 3, 4))(
    lambda r, t: (
        some(
            r,
            base=lambda: r.choice([10.0, 500.0]),
            interleaved=lambda: True,
            offset=lambda: r.randint(0, 5),
        )
        | r.choice(
            [
                {},
                {"scaling": "linear", "factor": 4.0},
                {"scaling": "dynamic", "factor": 2.0, "original_length": 3},
                {"scaling": "llama3", "factor": 8.0, "original_length": 256},
            ]
            if channels(t, len(t.shape) - 1) > 2
            else [{}]
        )
    )
)
entry("SinusoidalEmbedding", ranks=(1, 2, 3), dtypes=NUMBER)(
    lambda r, t: {
        "embedding_dim": r.choice([4, 6, 8]),
        **some(
            r,
            base=lambda: 100.0,
            interleaved=lambda: False,
            cosine_first=lambda: True,
            freq_shift=lambda: r.choice([1, 0.5]),
        ),
    }
)


# --- shapes


entry("Flatten", dtypes=ALL)(
    lambda r, t: some(r, start_dim=lambda: r.randrange(t.rank), end_dim=lambda: r.randrange(-t.rank, t.rank))
)
entry("Unsqueeze", dtypes=ALL)(lambda r, t: {"dim": r.randrange(-t.rank - 1, t.rank + 1)})
entry("Squeeze", dtypes=ALL)(
    lambda r, t: {"dim": r.choice([dim for dim, size in enumerate(t.shape) if size == 1] or [axis(r, t)])}
)
entry("Transpose", dtypes=ALL)(lambda r, t: {"dim0": axis(r, t), "dim1": axis(r, t)})
entry("Permute", dtypes=ALL)(lambda r, t: {"dims": tuple(r.sample(range(t.rank), t.rank))})
entry("Flip", dtypes=ALL)(lambda r, t: {"dims": r.choice([axis(r, t), axes(r, t)])})


@entry("Roll", dtypes=NUMBER)
def _roll(random: Random, given: TensorType) -> Arguments:
    if maybe(random):
        return {"shifts": random.randint(-5, 5), "dims": axis(random, given)}
    dims = axes(random, given)
    return {"shifts": tuple(random.randint(-5, 5) for _ in dims), "dims": dims}


entry("Tile", dtypes=NUMBER)(lambda r, t: {"dims": tuple(r.choice([1, 1, 2, 3]) for _ in t.shape)})
entry("Expand", dtypes=NUMBER)(
    lambda r, t: {"shape": tuple(r.randint(2, 4) if size == 1 and maybe(r) else -1 for size in t.shape)}
)
entry("Select", dtypes=ALL)(lambda r, t: {"dim": axis(r, t), "index": r.randint(-2, 2)})
entry("Slice", dtypes=ALL)(
    lambda r, t: {
        "dim": axis(r, t),
        **some(r, 0.4, start=lambda: r.randint(-3, 2), end=lambda: r.randint(-2, 5), step=lambda: r.randint(1, 3)),
    }
)


@entry("Reshape", dtypes=ALL)
def _reshape(random: Random, given: TensorType) -> Arguments:
    known = [size for size in given.shape if isinstance(size, int)]
    total = 1
    for size in known:
        total *= size
    shape: list[Size] = [size for size in given.shape if isinstance(size, Expression)]
    part = divisor(random, total) if total < 5000 else 1
    shape += random.sample([part, total // part], 2)
    if maybe(random):
        shape[random.randrange(len(shape))] = -1
    return {"shape": tuple(shape)}


@entry("Unflatten", dtypes=ALL)
def _unflatten(random: Random, given: TensorType) -> Arguments:
    dim = axis(random, given)
    size = channels(given, dim)
    part = divisor(random, size)
    shape = [part, size // part]
    if maybe(random):
        shape[random.randrange(2)] = -1
    return {"dim": dim, "unflattened_size": tuple(shape)}


PATTERNS: Mapping[int, tuple[str, ...]] = {
    2: ("a b -> b a", "a b -> (a b)", "a b -> a 1 b", "a (b c) -> a b c"),
    3: ("n t c -> n c t", "n t c -> (n t) c", "n t (h d) -> n h t d", "n (h d) t -> n t h d", "n t c -> n (t c)"),
    4: ("n c h w -> n (h w) c", "n c h w -> n h w c", "n (g c) h w -> (n g) c h w", "n c h w -> n (c h w)"),
    5: ("n c d h w -> n c (d h w)", "n c d h w -> (n d) c h w", "n ... w -> n w ..."),
}


@entry("Rearrange", ranks=(2, 3, 4, 5), dtypes=ALL)
def _rearrange(random: Random, given: TensorType) -> Arguments:
    pattern = random.choice(PATTERNS[given.rank])
    for axis_name, place in (("h", 2), ("h", 1), ("g", 1), ("b", 1)):
        split = f"({axis_name} "
        if split in pattern.split("->")[0] and place < given.rank and isinstance(given.shape[place], int):
            return {"pattern": pattern, axis_name: divisor(random, channels(given, place))}
    return {"pattern": pattern}


# --- written in other ways by the machines of networks and layers, which give them their inputs

OTHERWISE = frozenset(
    {"Add", "Subtract", "Multiply", "Divide", "FloorDivide", "Modulo", "Power", "MatMul", "Maximum", "Minimum"}
    | {"Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual", "And", "Or", "Where", "Take", "Subscript"}
    | {"Concat", "Stack", "Split", "Chunk", "Attention", "CachedMultiheadAttention", "PadTo", "Parameter", "Constant"}
    | {
        "Range",
        "Zeros",
        "Ones",
        "Full",
        "Normal",
        "Uniform",
        "RelativePositionIndex",
        "Gradient",
        "Jacobian",
        "Tracked",
    }
    | {"BCELoss", "BCEWithLogitsLoss", "CTCLoss", "CosineSimilarity", "CrossEntropyLoss", "DiceLoss", "DiceScore"}
    | {"FocalLoss", "GaussianKL", "Hinge", "HuberLoss", "InfoNCE", "L1Loss", "MSELoss", "MeanIoU", "NLLLoss"}
    | {"SmoothL1Loss", "Accuracy", "Gather", "Scatter", "Einsum", "GridSample", "AffineGrid", "OneHot"}
)
