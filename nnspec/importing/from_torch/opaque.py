"""Modules of torch whose insides are not read: recurrent layers, attention of several heads and norms of batches.

While a module is exported, their `forward` is one operator, `nnspec::apply`, that knows the shapes of its results. The
graph then has one node for each, whatever torch does inside for these sizes. Norms of batches are among them because
torch takes a norm apart to find its shape, which costs much of the time of exporting a ResNet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.nn.modules import transformer

_LIBRARY: Any = torch.library.Library("nnspec", "FRAGMENT")  # type: ignore[no-untyped-call]
_LIBRARY.define("apply(Tensor?[] inputs, str path) -> Tensor[]")
_SHAPES: dict[str, Callable[[list[torch.Tensor | None]], list[torch.Tensor]]] = {}  # of the modules being exported


def _apply(inputs: list[torch.Tensor | None], path: str) -> list[torch.Tensor]:
    return _SHAPES[path](inputs)


torch.library.impl(_LIBRARY, "apply", "CompositeExplicitAutograd")(_apply)
torch.library.register_fake("nnspec::apply")(_apply)


@contextmanager
def opaque(modules: Mapping[str, nn.Module]) -> Iterator[None]:
    """Make these modules one operator each, by path, as long as the context lasts."""
    kinds = [(path, module, kind_of(module)) for path, module in modules.items()]
    changed = [(path, module, FORWARDS[kind]) for path, module, kind in kinds if kind is not None]
    changed += [(path, module, _same) for path, module in modules.items() if is_dropped(module)]
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    found_causal, transformer._detect_is_causal_mask = transformer._detect_is_causal_mask, _said_causal
    try:
        for path, module, made in changed:
            shapes, forward = made(module)
            _SHAPES[path] = shapes
            module.forward = forward(path)
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)
        transformer._detect_is_causal_mask = found_causal
        for path, module, _ in changed:
            module.__dict__.pop("forward", None)
            _SHAPES.pop(path, None)


def _said_causal(mask: torch.Tensor | None, is_causal: bool | None = None, size: int | None = None) -> bool:
    """Whether a mask is said to be causal: torch would look at its numbers, which are not there yet, to be faster."""
    return bool(is_causal)


def kind_of(module: nn.Module) -> type[nn.Module] | None:
    """The class of torch whose `forward` a module has, if it is one of these; it may be made in another way."""
    kind: type[nn.Module] | None = next((each for each in type(module).__mro__ if each in FORWARDS), None)
    if kind is None or type(module).forward is not kind.forward or hasattr(module, "parametrizations"):
        return None
    names: list[str] = getattr(module, "_flat_weights_names", [])  # of a recurrent one
    given = {name for name, each in module.named_parameters() if each is not None}
    return kind if all(name in given or _is_left_out(module, name) for name in names) else None


def _is_left_out(module: nn.Module, name: str) -> bool:
    """Whether a bias of a recurrent module is always zero."""
    held = module._buffers.get(name)
    kept = name in module.state_dict()
    return name.startswith("bias_hh") and not kept and held is not None and (held.is_meta or not bool(held.any()))


def is_dropped(module: nn.Module) -> bool:
    """Whether a module leaves out branches at random in training, by a name that is usual for it."""
    kind = type(module).__name__
    named = kind.endswith("DropPath") or kind == "StochasticDepth"
    return named and not any(module.children()) and depth_of(module) > 0


def depth_of(module: Any) -> float:
    """The part of the branches that such a module leaves out."""
    return float(getattr(module, "p", None) or getattr(module, "drop_prob", None) or 0.0)


def _same(module: nn.Module) -> Any:
    def forward(path: str) -> Any:
        return lambda input, *more: torch.ops.nnspec.apply([input], path)[0]

    return lambda inputs: [torch.empty_like(inputs[0])], forward


def _recurrent(module: Any) -> Any:
    width = (module.proj_size if isinstance(module, nn.LSTM) else 0) or module.hidden_size
    directions = 1 + module.bidirectional

    def shapes(inputs: list[torch.Tensor | None]) -> list[torch.Tensor]:
        x = inputs[0]
        assert x is not None
        batch = x.shape[1 - int(not module.batch_first) if module.batch_first else 1] if x.dim() == 3 else None
        batch = x.shape[0] if x.dim() == 3 and module.batch_first else batch
        middle = () if batch is None else (batch,)
        result = [x.new_empty((*x.shape[:-1], directions * width))]
        result.append(x.new_empty((module.num_layers * directions, *middle, width)))
        if isinstance(module, nn.LSTM):
            result.append(x.new_empty((module.num_layers * directions, *middle, module.hidden_size)))
        return result

    def forward(path: str) -> Any:
        def applied(input: torch.Tensor, hx: Any = None) -> Any:
            if not isinstance(input, torch.Tensor):
                raise TypeError("a packed sequence has no layer of nnspec: give the padded one, and mask what it gives")
            states = () if hx is None else hx if isinstance(hx, tuple) else (hx,)
            output, *last = torch.ops.nnspec.apply([input, *states], path)
            return output, tuple(last) if isinstance(module, nn.LSTM) else last[0]

        return applied

    return shapes, forward


def _cell(module: Any) -> Any:
    def shapes(inputs: list[torch.Tensor | None]) -> list[torch.Tensor]:
        x = inputs[0]
        assert x is not None
        count = 2 if isinstance(module, nn.LSTMCell) else 1
        return [x.new_empty((*x.shape[:-1], module.hidden_size)) for _ in range(count)]

    def forward(path: str) -> Any:
        def applied(input: torch.Tensor, hx: Any = None) -> Any:
            states = () if hx is None else hx if isinstance(hx, tuple) else (hx,)
            last = torch.ops.nnspec.apply([input, *states], path)
            return tuple(last) if isinstance(module, nn.LSTMCell) else last[0]

        return applied

    return shapes, forward


def _attention(module: nn.MultiheadAttention) -> Any:
    def shapes(inputs: list[torch.Tensor | None]) -> list[torch.Tensor]:
        query, key = inputs[:2]
        assert query is not None and key is not None
        order = (0, 1) if module.batch_first or query.dim() == 2 else (1, 0)
        batch = () if query.dim() == 2 else (query.shape[order[0]],)
        time = query.shape[-3 if query.dim() == 3 and not module.batch_first else -2]
        source = key.shape[-3 if key.dim() == 3 and not module.batch_first else -2]
        return [torch.empty_like(query), query.new_empty((*batch, time, source))]

    def forward(path: str) -> Any:
        def applied(
            query: torch.Tensor,
            key: torch.Tensor,
            value: torch.Tensor,
            key_padding_mask: torch.Tensor | None = None,
            need_weights: bool = True,
            attn_mask: torch.Tensor | None = None,
            average_attn_weights: bool = True,
            is_causal: bool = False,
        ) -> Any:
            inputs = [query, key, value, key_padding_mask, attn_mask]
            output, weights = torch.ops.nnspec.apply(inputs, path)
            return output, weights if need_weights else None

        return applied

    return shapes, forward


def _norm(module: Any) -> Any:
    def shapes(inputs: list[torch.Tensor | None]) -> list[torch.Tensor]:
        (x,) = inputs
        assert x is not None
        module._check_input_dim(x)
        if x.shape[1] != module.num_features:
            raise ValueError(f"expected {module.num_features} channels, got {x.shape[1]}")
        return [torch.empty_like(x)]

    return shapes, lambda path: lambda input: torch.ops.nnspec.apply([input], path)[0]


FORWARDS: dict[type, Callable[[Any], Any]] = {
    nn.LSTM: _recurrent,
    nn.GRU: _recurrent,
    nn.RNN: _recurrent,
    nn.LSTMCell: _cell,
    nn.GRUCell: _cell,
    nn.RNNCell: _cell,
    nn.MultiheadAttention: _attention,
    nn.BatchNorm1d: _norm,
    nn.BatchNorm2d: _norm,
    nn.BatchNorm3d: _norm,
}
