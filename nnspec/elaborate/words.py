"""Words of torch, Keras and Python, and how a spec says the same."""

from __future__ import annotations

from collections.abc import Collection

_PREFIX = "layers and functions are written without a prefix: Conv2d(...), relu(x)"
_NAMES = {
    "True": "write `true`",
    "False": "write `false`",
    "None": "write `none`",
    "nn": _PREFIX,
    "torch": _PREFIX,
    "F": _PREFIX,
    "keras": _PREFIX,
    "tf": _PREFIX,
    "layers": _PREFIX,
    "self": "there is no `self`: a step is applied again by its label, x -> conv",
    "Dense": "write `Linear`",
    "Activation": "write the function itself: -> ReLU",
    "Input": "declare it: input x: float[N, 3, 224, 224]",
    "InputLayer": "declare it: input x: float[N, 3, 224, 224]",
    "Sequential": "a body is a sequence: write the steps one a line, or { first -> second }",
    "ModuleList": "repeat a step: 3 x Block, or write one a turn: for i in 1..3 { ... }",
    "Concatenate": "write concat { ... }, or (a, b) -> Concat",
    "cat": "write concat { ... }, or (a, b) -> Concat",
    "masked_fill": "write where(not mask, x, value)",
    "outer": 'write einsum("i,j->ij", a, b)',
    "bmm": "write a @ b",
    "scatter_add": 'write scatter(x, indices, source, dim = 1, reduce = "sum")',
    "clip": "write clamp(x, min = ..., max = ...)",
    "arange": "write Range(n)",
    "linspace": "write low + Range(n) * ((high - low) / (n - 1))",
    "meshgrid": "write Range(h)[:, none] and Range(w)[none], which stretch to each other",
    "dot": 'write einsum("i,i->", a, b)',
    "mm": "write a @ b",
    "index_select": "write take(x, indices, dim = 0)",
    "take_along_dim": "write gather(x, indices, dim = 1)",
    "amax": "write max(x, dim = 1)",
    "amin": "write min(x, dim = 1)",
    "narrow": "write x[:, start:end], or x -> Slice(dim, start, end)",
    "unbind": "write x[:, 0], x[:, 1], ...",
    "flip": "write x -> Flip(dim)",
    "roll": "write x -> Roll(shifts, dims)",
    "tile": "write x -> Tile([...])",
    "zeros_like": "write zeros([...])",
    "ones_like": "write ones([...])",
    "interpolate": "write x -> Upsample(size = ..., mode = ...)",
    "pixel_shuffle": "write x -> PixelShuffle(factor)",
    "scaled_dot_product_attention": "write attention(query, key, value)",
    "layer_norm": "write x -> LayerNorm",
    "Swish": "write `SiLU`",
    "Bidirectional": "write LSTM(..., bidirectional = true)",
    "range": "write for i in 1..n { ... }",
    "print": "`nnspec summary` shows every shape",
}
_RANKED = {  # without the number of dimensions, or under another name
    "Conv": "Conv",
    "ConvTranspose": "ConvTranspose",
    "MaxPool": "MaxPool",
    "MaxPooling": "MaxPool",
    "AvgPool": "AvgPool",
    "AveragePooling": "AvgPool",
    "GlobalAveragePooling": "GlobalAvgPool",
    "GlobalMaxPooling": "GlobalMaxPool",
    "BatchNorm": "BatchNorm",
    "BatchNormalization": "BatchNorm",
    "InstanceNorm": "InstanceNorm",
    "InstanceNormalization": "InstanceNorm",
    "SpatialDropout": "Dropout",
    "ZeroPadding": "ZeroPad",
    "AdaptiveAvgPool": "AdaptiveAvgPool",
}
_ARGUMENTS = {
    "filters": ("out_channels",),
    "units": ("out_features", "hidden_size"),
    "strides": ("stride",),
    "dilation_rate": ("dilation",),
    "pool_size": ("kernel_size",),
    "axis": ("dim",),
    "rate": ("p",),
    "epsilon": ("eps",),
    "keepdims": ("keepdim",),
    "use_bias": ("bias",),
    "input_dim": ("num_embeddings",),
    "output_dim": ("embedding_dim",),
    "alpha": ("negative_slope",),
    "kernel_initializer": ("weight_init",),
    "bias_initializer": ("bias_init",),
}
_LEFT_OUT = {
    "activation": "write it as a step behind: {layer}(...) -> ReLU",
    "inplace": "leave it out: it changes no number",
    "input_shape": "leave it out: the shape is that of what flows, which begins with input x: float[N, 3, 224, 224]",
    "data_format": "leave it out: channels are dimension 1, [N, C, H, W]",
    "return_sequences": "leave it out: the value is the whole sequence, and `label.state` the last state",
    "return_state": "leave it out: `label.state` is the last state",
    "name": "write a label before it: name: {layer}(...)",
    "device": "leave it out: where it runs is chosen when it runs",
    "dtype": "leave it out: the number format is chosen when it runs",
    "foreach": "leave it out: the fastest form is chosen",
    "fused": "leave it out: the fastest form is chosen",
    "capturable": "leave it out: the fastest form is chosen",
    "maximize": "leave it out, and let the loss be what is to fall: loss = -(...)",
    "last_epoch": "leave it out: a run that is resumed knows where it is",
    "steps_per_epoch": "leave it out: the run knows its steps",
}


def of_name(name: str, rank: int | None) -> str | None:
    """The way out for a name that is unknown here, where a value of `rank` dimensions flows."""
    stem = name[:-2] if name[-2:] in ("1D", "2D", "3D", "1d", "2d", "3d") else name
    if stem not in _RANKED:
        return _NAMES.get(name)
    known = f"{_RANKED[stem]}{name[-2]}d" if stem != name else None
    if known is None and rank is not None and 3 <= rank <= 5:
        known = f"{_RANKED[stem]}{rank - 2}d"
    return f"write `{known}`" if known else f"write {_RANKED[stem]}1d, {_RANKED[stem]}2d or {_RANKED[stem]}3d"


def meant(argument: str, fields: Collection[str]) -> str | None:
    """The argument that is called otherwise elsewhere."""
    return next((each for each in _ARGUMENTS.get(argument, ()) if each in fields), None)


def instead(argument: str, layer: str) -> str | None:
    """The way out for an argument that no layer here has."""
    return _LEFT_OUT[argument].format(layer=layer) if argument in _LEFT_OUT else None


def of_member(name: str, value: str, functions: Collection[str]) -> str | None:
    """The way out for a method of a tensor."""
    if name in ("view", "reshape"):
        return f"write {value} -> Reshape([...])"
    if name in ("shape", "size"):
        return f"name the dimensions: {value} -> [N, C, H, W]"
    if name in ("permute", "transpose", "flatten", "unsqueeze", "squeeze", "repeat", "expand", "split", "chunk"):
        return f"write {value} -> {'Tile' if name == 'repeat' else name.capitalize()}(...)"
    return f"write {name}({value})" if name in functions else None
