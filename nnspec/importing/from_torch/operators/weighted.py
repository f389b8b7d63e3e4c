"""Rows of layers with weights: the layer itself where the weights are those of one, else its arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import arithmetic, layer
from nnspec.importing.from_torch.operators.pooling import single
from nnspec.importing.from_torch.operators.row import ROWS, row
from nnspec.importing.from_torch.operators.shape import reshape


def own(b: Builder, made: Any, inputs: Sequence[Value], **weights: Value | None) -> Value | None:
    """The layer, if these parameters are its own."""
    found = b.weighted(made, inputs, weights)
    return None if found is None else found[0]


@row("linear")
def _(b: Builder, input: Value, weight: Value, bias: Value | None = None) -> Value:
    out = weight.shape[0]
    if len(weight.shape) == 2 and isinstance(out, int):
        made = layer("Linear", out_features=out, bias=None if bias is not None else False, **b.norm)
        found = own(b, made, [input], weight=weight, bias=bias)
        if found is not None:
            return found
    product = b(layer("MatMul"), input, b(layer("Transpose", dim0=0, dim1=1), weight))
    return product if bias is None else arithmetic(b, "Add", product, bias)


@row("addmm")
def _(b: Builder, self: Value, mat1: Value, mat2: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    if beta == alpha == 1 and mat2.key is not None and isinstance(mat2.shape[1], int):
        flat = b.made_by(mat1, "Flatten")  # GPT-2's layer flattens what it is given, and undoes it behind
        name = mat1.name if flat is None else flat.inputs[0] or ""
        source = mat1 if flat is None else Value(name, b.types[name])
        found = own(b, layer("Conv1D", out_features=mat2.shape[1]), [source], weight=mat2, bias=self)
        if found is not None:
            return found if source is mat1 else b(layer("Flatten", start_dim=0, end_dim=found.rank - 2), found)
    product = b(layer("MatMul"), mat1, mat2)
    product = product if alpha == 1 else arithmetic(b, "Multiply", product, alpha)
    return arithmetic(b, "Add", product, self if beta == 1 else arithmetic(b, "Multiply", self, beta))


@row("matmul", "mm", "bmm")
def _(b: Builder, self: Value, other: Any = None, mat2: Any = None) -> Value:
    return b(layer("MatMul"), self, other if other is not None else mat2)


@row("outer", "ger")
def _(b: Builder, self: Value, vec2: Value) -> Value:
    return arithmetic(b, "Multiply", b(layer("Unsqueeze", dim=1), self), vec2)


@row("baddbmm")
def _(b: Builder, self: Value, batch1: Value, batch2: Value, beta: Any = 1, alpha: Any = 1) -> Value:
    product = b(layer("MatMul"), batch1, batch2)
    product = product if alpha == 1 else arithmetic(b, "Multiply", product, alpha)
    if beta == 0:
        return product
    return arithmetic(b, "Add", product, self if beta == 1 else arithmetic(b, "Multiply", self, beta))


def _convolution(dims: int, transposed: bool) -> Any:
    def convolve(b: Builder, input: Value, weight: Value, bias: Any = None, stride: Any = 1, padding: Any = 0,
                 dilation: Any = 1, groups: int = 1, output_padding: Any = 0) -> Value:  # fmt: skip
        name = f"Conv{'Transpose' * transposed}{dims}d"
        channels: Any = weight.shape[1] * groups if transposed else weight.shape[0]
        padding, mode, source = single(padding), None, input
        if padding == 0 and not transposed:
            padding, mode, source = _with_margins(b, input, dims)
        fields = {
            "stride": single(stride), "padding": padding, "dilation": single(dilation), "groups": groups,
            "output_padding": single(output_padding),
        }  # fmt: skip
        usual = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1, "output_padding": 0}
        fields = {key: value for key, value in fields.items() if value != usual[key]}
        made = layer(name, out_channels=channels, kernel_size=single(weight.shape[2:]),
                     bias=None if bias is not None else False, padding_mode=mode, **fields, **b.norm)  # fmt: skip
        found = own(b, made, [source], weight=weight, bias=bias)
        if found is not None:
            return found
        if transposed or dims == 3:
            raise Unsaid("its kernel is computed, or is not called `weight` in the module that owns it")
        own_padding = 0 if source is not input else padding  # what code has padded before is taken as it is
        if own_padding == "same":
            spread = single(dilation)
            spread = [spread] * dims if isinstance(spread, int) else spread
            whole = [wide * (span - 1) for wide, span in zip(spread, weight.shape[2:], strict=True)]
            input = ROWS["constant_pad_nd"](
                b, input, [end for each in whole[::-1] for end in (each // 2, -(-each // 2))]
            )
        own_padding = 0 if own_padding in ("same", "valid") else own_padding
        if dims == 1:  # in a picture of one row
            given = {"stride": (1, stride), "padding": (0, own_padding), "dilation": (1, dilation)}
            given = {name: (first, single(each)) for name, (first, each) in given.items()}
            rows = [b(layer("Unsqueeze", dim=2), each) for each in (input, weight)]
            return b(layer("Squeeze", dim=2), ROWS["conv2d"](b, *rows, bias, **given, groups=groups))
        return _by_windows(b, made.model_copy(update={"padding": own_padding}), input, weight, bias)

    return convolve


def _by_windows(b: Builder, made: Any, input: Value, weight: Value, bias: Any) -> Value:
    """A convolution of pictures with a kernel that is computed: each window as a column, times the kernel."""
    type = made.results(input.type)[0]
    fields = {name: getattr(made, name) for name in ("dilation", "padding", "stride")}
    usual = {"dilation": 1, "padding": 0, "stride": 1}
    fields = {name: value for name, value in fields.items() if value != usual[name]}
    columns = b(layer("Unfold", kernel_size=made.kernel_size, **fields), input)
    kernel = b(layer("Flatten", start_dim=1), weight)
    if made.groups != 1:
        sizes = (made.groups, weight.shape[0] // made.groups)
        kernel = b(layer("Unflatten", dim=0, unflattened_size=sizes), kernel)
        columns = b(layer("Unflatten", dim=1, unflattened_size=(made.groups, kernel.shape[-1])), columns)
    value = reshape(b, b(layer("MatMul"), kernel, columns), type.shape)
    if bias is None:
        return value
    return arithmetic(b, "Add", value, b(layer("Unflatten", dim=0, unflattened_size=(bias.shape[0], 1, 1)), bias))


def _with_margins(b: Builder, input: Value, dims: int) -> tuple[Any, str | None, Value]:
    """The padding of a convolution without any, its mode, and what is padded: a `Pad` of the code is its own."""
    made = b.made_by(input, "Pad")
    if made is None or made.path is not None or made.inputs[0] is None:
        return 0, None, input
    pad: Any = made.layer
    pairs = [pad.padding[place : place + 2] for place in range(0, len(pad.padding), 2)][::-1]
    if pad.value or len(pairs) > dims or not all(isinstance(each, int) and each >= 0 for each in pad.padding):
        return 0, None, input
    pairs = [(0, 0)] * (dims - len(pairs)) + pairs
    even = all(begin == end for begin, end in pairs)
    margins = single([begin for begin, _ in pairs]) if even else tuple(pairs)
    return margins, None if pad.mode == "constant" else pad.mode, Value(made.inputs[0], b.types[made.inputs[0]])


for _dims in (1, 2, 3):
    ROWS[f"conv{_dims}d"] = _convolution(_dims, False)
    ROWS[f"conv_transpose{_dims}d"] = _convolution(_dims, True)


@row("batch_norm", "cudnn_batch_norm", "_native_batch_norm_legit_no_training")
def _(b: Builder, input: Value, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool = False,
      momentum: float = 0.1, eps: float = 1e-5, cudnn_enabled: bool = False) -> Value:  # fmt: skip
    module = b.module
    rank = {2: 1, 3: 1, 4: 2, 5: 3}[input.rank]
    tracked = running_mean is not None
    momentum = module.momentum if hasattr(module, "momentum") else momentum
    made = layer(
        f"BatchNorm{rank}d",
        eps=None if eps == 1e-5 else eps,
        affine=False if weight is None and bias is None else None,
        bias=False if bias is None and weight is not None else None,
        scale=False if weight is None and bias is not None else None,
        track_running_stats=None if tracked else False,
    )
    if momentum != 0.1:  # None has a meaning: all batches weigh the same
        made = made.model_copy(update={"momentum": momentum})
    found = own(b, made, [input], weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    if found is not None:
        return found
    if not tracked:
        if weight is None and bias is None:
            return b(made, input)
        raise Unsaid("it has neither statistics of its own nor weights that are called so")
    return _by_hand(b, input, weight, bias, running_mean, running_var, eps)


def _by_hand(b: Builder, input: Value, weight: Any, bias: Any, mean: Value, variance: Value, eps: float) -> Value:
    """A batch norm that is never trained, from tensors of any name."""
    shaped = [
        None if each is None else b(layer("Reshape", shape=(1, each.shape[0], *[1] * (input.rank - 2))), each)
        for each in (weight, bias, mean, variance)
    ]
    deviation = b(layer("Sqrt"), arithmetic(b, "Add", shaped[3], eps))
    value = arithmetic(b, "Divide", arithmetic(b, "Subtract", input, shaped[2]), deviation)
    value = value if shaped[0] is None else arithmetic(b, "Multiply", value, shaped[0])
    return value if shaped[1] is None else arithmetic(b, "Add", value, shaped[1])


@row("instance_norm")
def _(b: Builder, input: Value, weight: Any, bias: Any, running_mean: Any, running_var: Any,
      use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
      cudnn_enabled: bool = False) -> Value:  # fmt: skip
    tracked = running_mean is not None
    made = layer(
        f"InstanceNorm{input.rank - 2}d",
        eps=None if eps == 1e-5 else eps,
        momentum=None if momentum == 0.1 else momentum,
        affine=True if weight is not None else None,
        track_running_stats=True if tracked else None,
    )
    if weight is None and not tracked:
        return b(made, input)
    found = own(b, made, [input], weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    if found is None:
        raise Unsaid("its weights are not called so in the module that owns them")
    return found


@row("layer_norm", "native_layer_norm")
def _(b: Builder, input: Value, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5,
      cudnn_enable: bool = False) -> Value:  # fmt: skip
    dims = len(normalized_shape)
    fields = {"eps": None if eps == 1e-5 else eps, "dims": None if dims == 1 else dims}
    if weight is not None and weight.key is not None:
        found = own(b, layer("LayerNorm", bias=None if bias is not None else False, **fields), [input],
                    weight=weight, bias=bias)  # fmt: skip
        if found is not None:
            return found
    value = b(layer("LayerNorm", elementwise_affine=False, **fields), input)
    value = value if weight is None else arithmetic(b, "Multiply", value, weight)
    return value if bias is None else arithmetic(b, "Add", value, bias)


@row("rms_norm", "_fused_rms_norm")
def _(b: Builder, input: Value, normalized_shape: Any, weight: Any = None, eps: Any = None) -> Value:
    dims = len(normalized_shape)
    fields = {"eps": eps, "dims": None if dims == 1 else dims}
    if weight is not None:
        found = own(b, layer("RMSNorm", **fields), [input], weight=weight)
        if found is not None:
            return found
    value = b(layer("RMSNorm", elementwise_affine=False, **fields), input)
    return value if weight is None else arithmetic(b, "Multiply", value, weight)


@row("group_norm")
def _(b: Builder, input: Value, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5,
      cudnn_enabled: bool = False) -> Value:  # fmt: skip
    fields = {"num_groups": num_groups, "eps": None if eps == 1e-5 else eps}
    if weight is None and bias is None:
        return b(layer("GroupNorm", affine=False, **fields), input)
    made = layer("GroupNorm", bias=None if bias is not None else False, **fields)
    found = own(b, made, [input], weight=weight, bias=bias)
    if found is None:
        value = b(layer("GroupNorm", affine=False, **fields), input)
        for name, each in (("Multiply", weight), ("Add", bias)):
            if each is not None:
                value = arithmetic(
                    b, name, value, b(layer("Reshape", shape=(each.shape[0], *[1] * (input.rank - 2))), each)
                )
        return value
    return found


@row("embedding")
def _(b: Builder, weight: Value, indices: Value, padding_idx: int = -1, scale_grad_by_freq: bool = False,
      sparse: bool = False) -> Value:  # fmt: skip
    count, width = weight.shape
    made = layer(
        "Embedding", num_embeddings=count, embedding_dim=width, padding_idx=padding_idx if padding_idx >= 0 else None
    )
    found = own(b, made, [indices], weight=weight)
    return b(layer("Take"), weight, indices) if found is None else found


@row("prelu")
def _(b: Builder, self: Value, weight: Value) -> Value:
    count: Any = weight.shape[0] if weight.rank else 1
    found = own(b, layer("PReLU", num_parameters=None if count == 1 else count), [self], weight=weight)
    if found is None:
        raise Unsaid("its slope is not called `weight` in the module that owns it")
    return found


@row("_weight_norm", "_weight_norm_interface")
def _(b: Builder, v: Value, g: Value, dim: int = 0) -> Value:
    others = tuple(each for each in range(v.rank) if each != dim % v.rank)
    return arithmetic(b, "Multiply", v, arithmetic(b, "Divide", g, b(layer("Norm", dim=others, keepdim=True), v)))


@row("bilinear")
def _(b: Builder, input1: Value, input2: Value, weight: Value, bias: Any = None) -> Value:
    made = b(layer("Einsum", equation="ni,oij,nj->no"), input1, weight, input2)
    return made if bias is None else arithmetic(b, "Add", made, bias)
