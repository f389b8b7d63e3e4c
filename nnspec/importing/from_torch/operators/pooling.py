"""Rows of pooling."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.operators.elementwise import layer
from nnspec.importing.from_torch.operators.row import ROWS


def single(values: Any) -> Any:
    """Equal numbers as one."""
    if not isinstance(values, (list, tuple)):
        return values
    return values[0] if len(set(values)) == 1 else tuple(values)


def window(kernel: Any, stride: Any, **more: Any) -> dict[str, Any]:
    """The arguments of a window, without those that are as torch has them."""
    fields = {"kernel_size": single(kernel)}
    if stride and single(stride) != single(kernel):
        fields["stride"] = single(stride)
    usual = {"padding": 0, "dilation": 1, "ceil_mode": False, "count_include_pad": True, "divisor_override": None}
    return fields | {name: single(value) for name, value in more.items() if single(value) != usual[name]}


def _max(dims: int, indices: bool) -> Any:
    def pool(b: Builder, self: Value, kernel_size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1,
             ceil_mode: bool = False) -> Any:  # fmt: skip
        fields = window(kernel_size, stride, padding=padding, dilation=dilation, ceil_mode=ceil_mode)
        made = b(layer(f"MaxPool{dims}d", **fields), self)
        return (made, None) if indices else made

    return pool


def _average(dims: int) -> Any:
    def pool(b: Builder, self: Value, kernel_size: Any, stride: Any = (), padding: Any = 0, ceil_mode: bool = False,
             count_include_pad: bool = True, divisor_override: Any = None) -> Value:  # fmt: skip
        fields = window(
            kernel_size,
            stride,
            padding=padding,
            ceil_mode=ceil_mode,
            count_include_pad=count_include_pad,
            divisor_override=divisor_override,
        )
        return b(layer(f"AvgPool{dims}d", **fields), self)

    return pool


def _adaptive(kind: str, dims: int, indices: bool) -> Any:
    def pool(b: Builder, self: Value, output_size: Sequence[Any]) -> Any:
        sizes = [output_size] if isinstance(output_size, int) else list(output_size)
        if not all(isinstance(size, int) for size in sizes):
            raise Unsaid("its result has a size that is open")
        if all(size == 1 for size in sizes):
            made = b(layer(f"Global{kind}Pool{dims}d"), self)
        else:
            made = b(layer(f"Adaptive{kind}Pool{dims}d", output_size=single(sizes)), self)
        return (made, None) if indices else made

    return pool


for _dims in (1, 2, 3):
    ROWS[f"max_pool{_dims}d"] = _max(_dims, False)
    ROWS[f"max_pool{_dims}d_with_indices"] = _max(_dims, True)
    ROWS[f"avg_pool{_dims}d"] = _average(_dims)
    ROWS[f"adaptive_avg_pool{_dims}d"] = _adaptive("Avg", _dims, False)
    ROWS[f"_adaptive_avg_pool{_dims}d"] = _adaptive("Avg", _dims, False)
    ROWS[f"adaptive_max_pool{_dims}d"] = _adaptive("Max", _dims, True)
