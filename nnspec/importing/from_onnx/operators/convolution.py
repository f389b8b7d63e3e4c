"""Rows of convolutions; their kernels are weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from nnspec.importing.from_onnx.builder import GraphBuilder, layer, need_size
from nnspec.importing.from_onnx.known import Known
from nnspec.importing.from_onnx.operators.elementwise import arithmetic
from nnspec.importing.from_onnx.operators.row import row
from nnspec.importing.from_torch.builder import Unsaid, Value
from nnspec.importing.from_torch.operators.pooling import single
from nnspec.importing.from_torch.operators.shape import padded

Pairs = list[tuple[int, int]]


def pairs_of(pads: Sequence[int] | None, dims: int) -> Pairs:
    """What ONNX pads with, as (begin, end) of each dimension."""
    pads = [0] * (2 * dims) if pads is None else list(pads)
    return list(zip(pads[:dims], pads[dims:], strict=True))


def automatic(auto_pad: str, x: Value, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int],
              pads: Sequence[int] | None) -> Any:  # fmt: skip
    """The padding as a layer has it: a number, numbers, pairs, or "same_upper".

    Raises:
        Unsaid: the more of it stands before, and how much depends on a symbol.
    """
    dims = len(kernel)
    if auto_pad in ("NOTSET", ""):
        return of_pairs(pairs_of(pads, dims))
    if auto_pad == "VALID":
        return 0
    found: Pairs = []
    for size, width, stride, dilation in zip(x.shape[-dims:], kernel, strides, dilations, strict=True):
        extent = dilation * (width - 1)
        if stride == 1:
            total: Any = extent
        elif isinstance(size, int):
            total = max(0, (-(-size // stride) - 1) * stride + extent + 1 - size)
        elif auto_pad == "SAME_UPPER":
            return "same_upper"
        else:
            raise Unsaid(f"its padding depends on the size {size}, and the more of it stands before")
        less, more = total // 2, total - total // 2
        found.append((less, more) if auto_pad == "SAME_UPPER" else (more, less))
    return of_pairs(found)


def of_pairs(pairs: Pairs) -> Any:
    """Padding in its shortest form."""
    if all(begin == end for begin, end in pairs):
        return single([begin for begin, _ in pairs])
    return tuple(pairs)


@row("Conv")
def _(b: GraphBuilder, x: Any, w: Any, bias: Any = None, auto_pad: str = "NOTSET", dilations: Any = None,
      group: int = 1, kernel_shape: Any = None, pads: Any = None, strides: Any = None) -> Value:  # fmt: skip
    x = b.tensor(x)
    w, dims = _kernel(w, x)
    need_size(x.shape[1], int(w.array.shape[1]) * group)
    kernel = w.array.shape[2:]
    strides, dilations = strides or (1,) * dims, dilations or (1,) * dims
    padding = automatic(auto_pad, x, kernel, strides, dilations, pads)
    if isinstance(padding, tuple) and any(each < 0 for pair in padding for each in np.atleast_1d(pair)):
        x, padding = padded(b, x, _torch_order(pairs_of(pads, dims)), "constant", 0), 0
    made = layer(
        f"Conv{dims}d", out_channels=int(w.array.shape[0]), kernel_size=single(kernel), stride=_unless(1, strides),
        padding=padding or None, dilation=_unless(1, dilations), groups=group if group != 1 else None,
        bias=None if isinstance(bias, Known) else False,
    )  # fmt: skip
    return _biased(b, made, x, w, bias)


def _kernel(w: Any, x: Value) -> tuple[Known, int]:
    if not isinstance(w, Known):
        raise Unsaid("its kernel is computed, and a convolution owns its kernel")
    dims = x.rank - 2
    if dims not in (1, 2, 3):
        raise Unsaid(f"it runs over {dims} dimensions")
    return w, dims


def _unless(usual: int, values: Any) -> Any:
    found = single([int(each) for each in values])
    return None if found == usual else found


def _torch_order(pairs: Pairs) -> list[int]:
    return [each for pair in reversed(pairs) for each in pair]


def _biased(b: GraphBuilder, made: Any, x: Value, w: Known, bias: Any) -> Value:
    if bias is None or isinstance(bias, Known):
        return b.weighted_by(made, x, weight=w, bias=bias)
    result = b.weighted_by(made, x, weight=w)
    more = b(layer("Reshape", shape=(bias.shape[0], *[1] * (x.rank - 2))), bias)
    return arithmetic(b, "Add", result, more)


@row("ConvTranspose")
def _(b: GraphBuilder, x: Any, w: Any, bias: Any = None, auto_pad: str = "NOTSET", dilations: Any = None,
      group: int = 1, kernel_shape: Any = None, output_padding: Any = None, output_shape: Any = None,
      pads: Any = None, strides: Any = None) -> Value:  # fmt: skip
    x = b.tensor(x)
    w, dims = _kernel(w, x)
    need_size(x.shape[1], int(w.array.shape[0]))
    kernel = w.array.shape[2:]
    strides, dilations = strides or (1,) * dims, dilations or (1,) * dims
    extra = list(output_padding or (0,) * dims)
    pairs = pairs_of(pads, dims)
    if output_shape is not None or auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        wanted = list(output_shape[-dims:]) if output_shape is not None else None
        pairs = []
        for place, (size, width, stride, dilation) in enumerate(
            zip(x.shape[2:], kernel, strides, dilations, strict=True)
        ):
            whole = (size - 1) * stride + extra[place] + dilation * (width - 1) + 1
            total = whole - (wanted[place] if wanted is not None else size * stride)
            if not isinstance(total, int):
                raise Unsaid("its padding depends on the size of an input")
            if total < 0:
                extra[place], total = extra[place] - total, 0
            less, more = total // 2, total - total // 2
            pairs.append((less, more) if auto_pad == "SAME_UPPER" else (more, less))
    paddings, cuts = [], []
    for place, (begin, end) in enumerate(pairs):
        common = min(begin, end)
        if begin > end and extra[place] == 0 and begin - end < max(strides[place], dilations[place]):
            paddings.append(begin)
            extra[place] = begin - end
            cuts.append((0, 0))
        else:
            paddings.append(common)
            cuts.append((common - begin, common - end))
    later = [max(0, more - max(strides[place], dilations[place]) + 1) for place, more in enumerate(extra)]
    extra = [more - less for more, less in zip(extra, later, strict=True)]
    made = layer(
        f"ConvTranspose{dims}d", out_channels=int(w.array.shape[1]) * group, kernel_size=single(kernel),
        stride=_unless(1, strides), padding=_unless(0, paddings), output_padding=_unless(0, extra),
        dilation=_unless(1, dilations), groups=group if group != 1 else None,
        bias=None if isinstance(bias, Known) else False,
    )  # fmt: skip
    if any(later):  # what is added behind holds the bias alone
        raise Unsaid("its output is padded by its stride or more")
    result = _biased(b, made, x, w, bias)
    flat = _torch_order(cuts)
    return padded(b, result, flat, "constant", 0) if any(flat) else result
