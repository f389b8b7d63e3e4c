"""Each layer as torch computes it, called directly: modules of torch.nn by their names, formulas for the others.

Nothing here reads the rows of the compiler. `weights` are those of the layer by its keys, `given` the inputs.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nnspec.layers.alibi import alibi_slopes

Arguments = dict[str, Any]
Weights = dict[str, Tensor]
Formula = Callable[[Arguments, Weights, list[Any]], Any]
FORMULAS: dict[str, Formula] = {}
_INFERRED: dict[str, Callable[[Tensor], int]] = {
    "in_channels": lambda x: x.shape[1],
    "num_features": lambda x: x.shape[1],
    "num_channels": lambda x: x.shape[1],
    "in_features": lambda x: x.shape[-1],
    "input_size": lambda x: x.shape[-1],
    "embed_dim": lambda x: x.shape[-1],
}


def formula(*names: str) -> Callable[[Formula], Formula]:
    """Register a formula for layers of these names."""

    def register(function: Formula) -> Formula:
        for name in names:
            FORMULAS[name] = function
        return function

    return register


def spatial(*names: str) -> Callable[[Formula], Formula]:
    """Register a formula for `Conv#d` in one, two and three dimensions."""
    return formula(*(name.replace("#", dims) for name in names for dims in "123"))


def known(name: str) -> bool:
    """Whether there is another way to compute this layer."""
    return name in FORMULAS or hasattr(nn, name)


def plain(name: str, arguments: Arguments, weights: Weights, given: list[Any]) -> tuple[Any, ...]:
    """The results of a layer in evaluation."""
    arguments = {key: value for key, value in arguments.items() if key not in {"weight_init", "bias_init"}}
    found = (FORMULAS.get(name) or by_module(name))(arguments, weights, given)
    return found if isinstance(found, tuple) else (found,)


def by_module(name: str) -> Formula:
    """torch.nn's module of this name."""

    def compute(arguments: Arguments, weights: Weights, given: list[Any]) -> Any:
        kind = getattr(nn, name)
        takes = inspect.signature(kind).parameters
        inferred = {key: size(given[0]) for key, size in _INFERRED.items() if key in takes and key not in arguments}
        module = kind(**inferred, **arguments)
        if weights:
            module.load_state_dict(weights)
        return module.eval()(*given)

    return compute


def each(value: Any, count: int) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,) * count


# --- products


def kernel(weights: Weights, axis: int = 0) -> tuple[Tensor, Tensor | None]:
    """The weight that is used, out of its length and direction or divided by its singular value, and the bias."""
    bias = weights.get("bias")
    if "weight" in weights:
        return weights["weight"], bias
    keys = {key.rsplit(".", 1)[-1]: value for key, value in weights.items()}
    if "original" in keys or "weight_orig" in keys:
        whole = keys.get("original", keys.get("weight_orig"))
        u, v = keys.get("_u", keys.get("weight_u")), keys.get("_v", keys.get("weight_v"))
        assert whole is not None and u is not None and v is not None
        matrix = whole.movedim(axis, 0).flatten(1)
        return whole / (u @ matrix @ v), bias
    length, direction = keys.get("original0", keys.get("weight_g")), keys.get("original1", keys.get("weight_v"))
    assert length is not None and direction is not None
    norm = direction.flatten(1).norm(dim=1).view(length.shape)
    return direction * (length / norm), bias


def upper(size: int, kernel: int, stride: int, dilation: int) -> tuple[int, int]:
    """Keras' padding "same", the odd element at the end."""
    total = max((math.ceil(size / stride) - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    return total // 2, total - total // 2


def pairs(arguments: Arguments, x: Tensor) -> list[tuple[int, int]]:
    """How much is padded at each end of each spatial dimension."""
    count, padding = x.ndim - 2, arguments.get("padding", 0)
    kernels = each(arguments["kernel_size"], count)
    strides = each(arguments.get("stride", kernels if "out_channels" not in arguments else 1), count)
    dilations = each(arguments.get("dilation", 1), count)
    if padding == "valid":
        return [(0, 0)] * count
    if padding == "same":
        totals = [d * (k - 1) for k, d in zip(kernels, dilations, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if padding == "same_upper":
        return [upper(*each) for each in zip(x.shape[2:], kernels, strides, dilations, strict=True)]
    return [each if isinstance(each, tuple) else (each, each) for each in each_of(padding, count)]


def even(padding: Any) -> Any:
    """The padding as torch's own argument; None where the two ends differ."""
    if padding == "same_upper":
        return None
    if not isinstance(padding, tuple) or not isinstance(padding[0], tuple):
        return padding
    return tuple(begin for begin, _ in padding) if all(begin == end for begin, end in padding) else None


def each_of(padding: Any, count: int) -> tuple[Any, ...]:
    return padding if isinstance(padding, tuple) else (padding,) * count


def torch_order(amounts: list[tuple[int, int]]) -> list[int]:
    return [number for pair in reversed(amounts) for number in pair]


@spatial("Conv#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x = given[0]
    weight, bias = kernel(w)
    mode = a.get("padding_mode", "zeros")
    x = F.pad(x, torch_order(pairs(a, x)), "constant" if mode == "zeros" else mode)
    function = (F.conv1d, F.conv2d, F.conv3d)[x.ndim - 3]
    return function(x, weight, bias, a.get("stride", 1), 0, a.get("dilation", 1), a.get("groups", 1))


@spatial("ConvTranspose#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x = given[0]
    weight, bias = kernel(w, 1)
    function = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[x.ndim - 3]
    options = (a.get("stride", 1), a.get("padding", 0), a.get("output_padding", 0), a.get("groups", 1))
    return function(x, weight, bias, *options, a.get("dilation", 1))


@formula("Linear")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return F.linear(given[0], *kernel(w))


@formula("Conv1D")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0] @ w["weight"] + w["bias"]


@formula("GRU", "LSTM", "RNN")
def _(a: Arguments, w: Weights, given: list[Any]) -> Any:
    arguments, x = dict(a), given[0]
    name = "LSTM" if "weight_ih_l0" in w and w["weight_ih_l0"].shape[0] == 4 * a["hidden_size"] else ""
    name = name or ("GRU" if w["weight_ih_l0"].shape[0] == 3 * a["hidden_size"] else "RNN")
    both = arguments.pop("recurrent_bias", True)
    module = getattr(nn, name)(x.shape[-1], **arguments)
    filled = {key: w.get(key, torch.zeros_like(value)) for key, value in module.state_dict().items()}
    if both:
        assert filled.keys() == w.keys()
    module.load_state_dict(filled)
    states = [each for each in given[1:] if each is not None]
    start = None if not states else states[0] if len(states) == 1 else tuple(states)
    output, state = module.eval()(x, start)
    return (output, *(state if isinstance(state, tuple) else (state,)))


@formula("MultiheadAttention")
def _(a: Arguments, w: Weights, given: list[Any]) -> Any:
    query, key, value, padding, mask = [*given, *[None] * (5 - len(given))]
    key = query if key is None else key
    value = key if value is None else value
    first = a.get("batch_first", True)
    module = nn.MultiheadAttention(
        query.shape[-1],
        a["num_heads"],
        bias=a.get("bias", True),
        kdim=key.shape[-1],
        vdim=value.shape[-1],
        batch_first=first,
    )
    module.load_state_dict(w)
    length = query.shape[1 if first else 0]
    if a.get("causal"):
        hidden = torch.ones(length, length, dtype=torch.bool).triu(1)
        mask = (
            hidden
            if mask is None
            else mask | hidden
            if mask.dtype == torch.bool
            else mask.masked_fill(hidden, -math.inf)
        )
    if padding is not None and mask is not None and padding.dtype != mask.dtype:
        numbers = [
            torch.zeros(each.shape).masked_fill(each, -math.inf) if each.dtype == torch.bool else each
            for each in (padding, mask)
        ]
        padding, mask = numbers
    module.eval()
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        return module(query, key, value, key_padding_mask=padding, attn_mask=mask, need_weights=True)[0]
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


@formula("Attention")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    query, key, value, mask, bias, sinks = [*given, *[None] * (6 - len(given))]
    if query.ndim > 3 and query.shape[-3] != key.shape[-3]:
        share = query.shape[-3] // key.shape[-3]
        key, value = key.repeat_interleave(share, -3), value.repeat_interleave(share, -3)
    scores = query @ key.transpose(-1, -2) * a.get("scale", 1 / math.sqrt(query.shape[-1]))
    rows = torch.arange(query.shape[-2])[:, None] + a.get("offset", 0)
    columns = torch.arange(key.shape[-2])
    if a.get("cap"):
        scores = a["cap"] * torch.tanh(scores / a["cap"])
    if a.get("alibi"):
        slopes = torch.tensor(alibi_slopes(query.shape[-3]), dtype=scores.dtype)
        scores = scores - slopes[:, None, None] * (rows - columns).abs()
    seen = torch.ones(scores.shape, dtype=torch.bool)
    if a.get("causal"):
        seen = seen & (columns <= rows)
    if a.get("window") is not None:
        seen = seen & ((rows - columns).abs() < a["window"])
    if mask is not None and mask.dtype == torch.bool:
        seen = seen & mask
    elif mask is not None:
        scores = scores + mask
    if bias is not None:
        scores = scores + bias
    scores = scores.masked_fill(~seen, -math.inf)
    if sinks is not None:
        beside = sinks[:, None, None].expand(*scores.shape[:-1], 1)
        return torch.cat((scores, beside), -1).softmax(-1)[..., :-1] @ value
    shares = scores.softmax(-1)
    return shares.masked_fill(~seen.any(-1, keepdim=True), 0.0) @ value


@formula("RotaryEmbedding")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x, positions = given[0], given[1] if len(given) > 1 else None
    features = x.shape[-1]
    waves = a.get("base", 10000.0) ** (-torch.arange(0, features, 2, dtype=torch.float64) / features)
    places = torch.arange(x.shape[-2]) + a.get("offset", 0) if positions is None else positions
    if a.get("scaling") == "linear":
        waves = waves / a["factor"]
    elif a.get("scaling") == "dynamic":
        more = max(float(places.max()) + 1 - a["original_length"], 0) / a["original_length"]
        base = a.get("base", 10000.0) * (1 + a["factor"] * more) ** (features / (features - 2))
        waves = base ** (-torch.arange(0, features, 2, dtype=torch.float64) / features)
    elif a.get("scaling") == "llama3":
        turns = a["original_length"] * waves / (2 * math.pi)
        share = ((turns - 1) / 3).clamp(0, 1)
        waves = waves * (share + (1 - share) / a["factor"])
    angles = places.double()[..., None] * waves
    if positions is not None and positions.ndim == 2:
        angles = angles[:, None]
    cos, sin = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    if a.get("interleaved"):
        one, two = x[..., 0::2], x[..., 1::2]
        return torch.stack((one * cos - two * sin, two * cos + one * sin), -1).flatten(-2)
    one, two = x.chunk(2, -1)
    return torch.cat((one * cos - two * sin, two * cos + one * sin), -1)


@formula("SinusoidalEmbedding")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    half = a["embedding_dim"] // 2
    waves = a.get("base", 10000.0) ** (-torch.arange(half, dtype=torch.float64) / (half - a.get("freq_shift", 0.0)))
    angles = given[0].double()[..., None] * waves
    parts = (angles.cos(), angles.sin()) if a.get("cosine_first") else (angles.sin(), angles.cos())
    joined = torch.stack(parts, -1).flatten(-2) if a.get("interleaved", True) else torch.cat(parts, -1)
    return joined.float()


# --- windows


@spatial("LPPool#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    count = given[0].ndim - 2
    kernel, power = each(a["kernel_size"], count), a["norm_type"]
    function = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[count - 1]
    means = function(given[0] ** power, kernel, a.get("stride"), ceil_mode=a.get("ceil_mode", False))
    return (means * math.prod(kernel)) ** (1 / power)


@spatial("MaxPool#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x, arguments = given[0], dict(a)
    padding = arguments.get("padding", 0)
    if even(padding) is not None:
        arguments["padding"] = even(padding)
    else:
        x = F.pad(x, torch_order(pairs(a, x)), value=-math.inf)
        arguments["padding"] = 0
    return (F.max_pool1d, F.max_pool2d, F.max_pool3d)[x.ndim - 3](x, **arguments)


@spatial("AvgPool#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x, arguments = given[0], dict(a)
    padding = arguments.get("padding", 0)
    function = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)[x.ndim - 3]
    if even(padding) is not None:
        return function(x, **{**arguments, "padding": even(padding)})
    amounts = torch_order(pairs(a, x))
    included, override = arguments.pop("count_include_pad", True), arguments.pop("divisor_override", None)
    arguments["padding"] = 0
    size = math.prod(each(a["kernel_size"], x.ndim - 2))
    ones = torch.ones_like(x)
    total = function(F.pad(x, amounts), **arguments) * size
    if a.get("ceil_mode"):  # what is outside of the padding counts nowhere
        return uneven_average(x, a, amounts, included, override)
    count = function(F.pad(ones, amounts, value=1.0 if included else 0.0), **arguments) * size
    return total / (override or count)


def uneven_average(x: Tensor, a: Arguments, amounts: list[int], included: bool, override: int | None) -> Tensor:
    """Averages window by window, where the last ones end outside."""
    count = x.ndim - 2
    kernels = each(a["kernel_size"], count)
    strides = each(a.get("stride") or a["kernel_size"], count)
    inner = F.pad(x, amounts)
    counted = F.pad(torch.ones_like(x), amounts, value=1.0 if included else 0.0)
    for dim in range(count):
        size, kernel, stride = inner.shape[dim + 2], kernels[dim], strides[dim]
        begin = amounts[2 * (count - 1 - dim)]
        places = math.ceil((size - kernel) / stride) + 1
        if (places - 1) * stride >= x.shape[dim + 2] + begin:
            places -= 1
        more = max((places - 1) * stride + kernel - size, 0)
        grown = [0, 0] * (count - 1 - dim) + [0, more]
        inner, counted = F.pad(inner, grown), F.pad(counted, grown)
        inner = inner.unfold(dim + 2, kernel, stride).narrow(dim + 2, 0, places).sum(-1)
        counted = counted.unfold(dim + 2, kernel, stride).narrow(dim + 2, 0, places).sum(-1)
    return inner / (override or counted)


@spatial("GlobalAvgPool#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0].mean(dim=tuple(range(2, given[0].ndim)), keepdim=True)


@spatial("GlobalMaxPool#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0].amax(dim=tuple(range(2, given[0].ndim)), keepdim=True)


@spatial("AdaptiveMaxPool#d", "AdaptiveAvgPool#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Any:
    raise NotImplementedError  # replaced below, where the name is known


for _kind in ("Max", "Avg"):
    for _dims in (1, 2, 3):

        def _adaptive(a: Arguments, w: Weights, given: list[Any], kind: str = _kind, dims: int = _dims) -> Tensor:
            x = given[0]
            wanted = zip(each(a["output_size"], dims), x.shape[2:], strict=True)
            return getattr(F, f"adaptive_{kind.lower()}_pool{dims}d")(
                x, [have if want is None else want for want, have in wanted]
            )

        FORMULAS[f"Adaptive{_kind}Pool{_dims}d"] = _adaptive


@formula("CenterCrop")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x = given[0]
    wanted = each(a["size"], x.ndim - 2) if "size" in a else given[1].shape[2:]
    for dim, size in enumerate(wanted, start=2):
        x = x.narrow(dim, (x.shape[dim] - size) // 2, size)
    return x


@formula("PadTo")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x, like = given
    missing = [want - have for have, want in zip(x.shape[2:], like.shape[2:], strict=True)]
    return F.pad(x, torch_order([(each // 2, each - each // 2) for each in missing]))


# --- norms


@spatial("BatchNorm#d", "InstanceNorm#d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Any:
    raise NotImplementedError


def _batch_norm(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    averages = w.get("running_mean"), w.get("running_var")
    return F.batch_norm(
        given[0], *averages, w.get("weight"), w.get("bias"), averages[0] is None, 0.1, a.get("eps", 1e-5)
    )


def _instance_norm(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    averages = w.get("running_mean"), w.get("running_var")
    return F.instance_norm(
        given[0], *averages, w.get("weight"), w.get("bias"), averages[0] is None, 0.1, a.get("eps", 1e-5)
    )


FORMULAS.update({f"BatchNorm{dims}d": _batch_norm for dims in "123"})
FORMULAS.update({f"InstanceNorm{dims}d": _instance_norm for dims in "123"})


@formula("LayerNorm")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x = given[0]
    return F.layer_norm(x, x.shape[x.ndim - a.get("dims", 1) :], w.get("weight"), w.get("bias"), a.get("eps", 1e-5))


@formula("LayerNorm2d")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x = given[0].permute(0, 2, 3, 1)
    return F.layer_norm(x, x.shape[-1:], w.get("weight"), w.get("bias"), a.get("eps", 1e-5)).permute(0, 3, 1, 2)


@formula("RMSNorm")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x = given[0]
    return F.rms_norm(x, x.shape[x.ndim - a.get("dims", 1) :], w.get("weight"), a.get("eps"))


@formula("GroupNorm")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return F.group_norm(given[0], a["num_groups"], w.get("weight"), w.get("bias"), a.get("eps", 1e-5))


# --- elements, reductions, shapes

_UNARY = {
    "Abs": torch.abs, "Neg": torch.neg, "Square": torch.square, "Sign": torch.sign, "Round": torch.round,
    "Floor": torch.floor, "Ceil": torch.ceil, "Exp": torch.exp, "Cosh": torch.cosh, "Sinh": torch.sinh,
    "Log": torch.log, "Log10": torch.log10, "Log2": torch.log2, "Log1p": torch.log1p, "Sqrt": torch.sqrt,
    "Rsqrt": torch.rsqrt, "Reciprocal": torch.reciprocal, "Asin": torch.asin, "Acos": torch.acos, "Tan": torch.tan,
    "Atan": torch.atan, "Sin": torch.sin, "Cos": torch.cos, "Erf": torch.erf, "Not": torch.logical_not,
    "Detach": lambda x: x.detach(), "StochasticDepth": lambda x: x,
}  # fmt: skip
for _name, _function in _UNARY.items():
    FORMULAS[_name] = lambda a, w, given, function=_function: function(given[0])

_CALLED: dict[str, Callable[..., Any]] = {
    "CumulativeSum": torch.cumsum, "CumulativeProduct": torch.cumprod, "All": torch.all, "Any": torch.any,
    "TopK": torch.topk, "Sort": partial(torch.sort, stable=True), "ArgSort": partial(torch.argsort, stable=True),
    "Tril": torch.tril, "Triu": torch.triu, "RepeatInterleave": torch.repeat_interleave,
    "Mean": torch.mean, "Sum": torch.sum, "Max": torch.amax, "Min": torch.amin,
    "ArgMax": torch.argmax, "ArgMin": torch.argmin, "Squeeze": torch.squeeze,
    "Unsqueeze": torch.unsqueeze, "Transpose": torch.transpose, "Permute": torch.permute, "Tile": torch.tile,
    "Roll": torch.roll, "Reshape": torch.reshape, "Clamp": torch.clamp, "Threshold": F.threshold, "Pad": F.pad,
    "Select": torch.select,
}  # fmt: skip
for _name, _function in _CALLED.items():
    FORMULAS[_name] = lambda a, w, given, function=_function: function(given[0], **a)


@formula("Pad")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x, padding, mode = given[0], list(a["padding"]), a.get("mode", "constant")
    value = a.get("value", 0.0)
    if mode == "constant":
        return F.pad(x, padding, value=value if x.is_floating_point() else int(value))
    count = len(padding) // 2
    for dim in range(count):  # one after the other: torch takes certain ranks only
        moved = x.movedim(-1 - dim, -1)
        flat = moved.reshape(1, -1, moved.shape[-1])
        done = F.pad(flat, padding[2 * dim : 2 * dim + 2], mode).reshape(*moved.shape[:-1], -1)
        x = done.movedim(-1, -1 - dim)
    return x


@formula("Clamp")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return torch.clamp(given[0], a.get("min"), a.get("max"))


@formula("Mean", "Sum", "Max", "Min", "LogSumExp", "Variance", "StandardDeviation", "Norm")
def _(a: Arguments, w: Weights, given: list[Any]) -> Any:
    raise NotImplementedError


def _dims(a: Arguments, x: Tensor) -> tuple[int, ...]:
    dim = a.get("dim")
    return tuple(range(x.ndim)) if dim is None else dim if isinstance(dim, tuple) else (dim,)


_REDUCED: dict[str, Callable[[Tensor, tuple[int, ...], bool, Arguments], Tensor]] = {
    "Mean": lambda x, dims, keep, a: x.mean(dims, keep),
    "Sum": lambda x, dims, keep, a: x.sum(dims, keep),
    "Max": lambda x, dims, keep, a: x.amax(dims, keep),
    "Min": lambda x, dims, keep, a: x.amin(dims, keep),
    "LogSumExp": lambda x, dims, keep, a: x.exp().sum(dims, keep).log(),
    "Variance": lambda x, dims, keep, a: x.var(dims, correction=int(a.get("unbiased", True)), keepdim=keep),
    "StandardDeviation": lambda x, dims, keep, a: x.std(dims, correction=int(a.get("unbiased", True)), keepdim=keep),
    "Norm": lambda x, dims, keep, a: (
        x.abs().sum(dims, keep) if a.get("p", 2) == 1 else x.square().sum(dims, keep).sqrt()
    ),
}
for _name, _reduce in _REDUCED.items():
    FORMULAS[_name] = lambda a, w, given, reduce=_reduce: reduce(
        given[0], _dims(a, given[0]), a.get("keepdim", False), a
    )


@formula("Prod")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    x, keep = given[0], a.get("keepdim", False)
    if "dim" in a:
        return x.prod(a["dim"], keep)
    return x.prod().reshape((1,) * x.ndim) if keep else x.prod()


@formula("Expand")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0].expand(a["shape"])


@formula("Flip")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0].flip(each(a["dims"], 1))


@formula("Slice")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    items = [slice(None)] * given[0].ndim
    items[a["dim"]] = slice(a.get("start", 0), a.get("end"), a.get("step", 1))
    return given[0][tuple(items)]


@formula("Cast")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0].to({"float": torch.float32, "int": torch.int64, "bool": torch.bool}[a["dtype"]])


@formula("Softmax", "LogSoftmax", "Softmin")
def _(a: Arguments, w: Weights, given: list[Any]) -> Any:
    raise NotImplementedError


for _name, _soft in (("Softmax", F.softmax), ("LogSoftmax", F.log_softmax), ("Softmin", F.softmin)):
    FORMULAS[_name] = lambda a, w, given, soft=_soft: soft(given[0], dim=a.get("dim", -1))


@formula("Rearrange")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    from einops import rearrange

    return rearrange(given[0], **a)


@formula("Flatten")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return given[0].flatten(a.get("start_dim", 1), a.get("end_dim", -1))


@formula("Upsample")
def _(a: Arguments, w: Weights, given: list[Any]) -> Tensor:
    return F.interpolate(given[0], **a)
