"""Modules of torch that are one layer: which they are, and rows for those whose insides are not read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from nnspec.importing.from_torch.builder import Builder, Unsaid, Value
from nnspec.importing.from_torch.opaque import depth_of, is_dropped, kind_of
from nnspec.importing.from_torch.operators.elementwise import layer
from nnspec.importing.from_torch.operators.row import ROWS

COMPOSED = (nn.Transformer, nn.TransformerEncoder, nn.TransformerDecoder, nn.TransformerEncoderLayer,
            nn.TransformerDecoderLayer)  # fmt: skip


def is_leaf(module: nn.Module) -> bool:
    """Whether a module is one layer of torch's, which is not looked into."""
    kind = type(module)
    if kind.__name__.startswith("Parametrized") and hasattr(module, "parametrizations"):
        kind = kind.__mro__[1]
    if kind.__module__ == "torch.nn.modules.container":
        return False
    if is_dropped(module) or kind_of(module) is not None:
        return True
    return kind.__module__.startswith("torch.nn.modules.") and not issubclass(kind, COMPOSED)


def norm_of(module: nn.Module) -> dict[str, Any] | None:
    """How the weight of a module is computed from what is stored, as arguments of its layer; nothing if it is stored.

    None where no layer has that way: it is read as the arithmetic that it is.
    """
    if not isinstance(getattr(module, "parametrizations", None), nn.ModuleDict):
        return {}
    chains: Any = module.parametrizations
    made = [(name, each) for name, chain in chains.items() for each in chain]
    kinds = [(name, type(each).__name__) for name, each in made]
    if kinds == [("weight", "_WeightNorm")]:
        dim: Any = made[0][1].dim
        return {"norm": "weight"} | ({"norm_dim": dim % module.weight.dim()} if dim else {})  # type: ignore[operator]
    if kinds == [("weight", "_SpectralNorm")]:
        return {"norm": "spectral"}
    return None


def is_plain(module: nn.Module) -> bool:
    """Whether a module only applies those inside it, one after the other."""
    return isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward


def applied(b: Builder, module: nn.Module, path: str, inputs: Sequence[Value | None]) -> tuple[Value | None, ...]:
    """A module that is not looked into, as a layer.

    Raises:
        Unsaid: no layer is like it.
    """
    if is_dropped(module):
        return _depth(b, module, path, inputs)
    kind = kind_of(module)
    if kind is not None:
        return _MADE[kind](b, module, path, inputs)
    raise Unsaid(f"{type(module).__name__} has no counterpart")


def _depth(b: Builder, module: Any, path: str, inputs: Sequence[Value | None]) -> tuple[Value | None, ...]:
    fields = {"mode": module.mode} if getattr(module, "mode", "row") != "row" else {}
    return b.apply(layer("StochasticDepth", p=depth_of(module), **fields), tuple(inputs), path, ())


def _ties(b: Builder, path: str, module: nn.Module) -> tuple[tuple[str, str], ...]:
    keys = {name: f"{path}.{name}" if path else name for name, _ in module.named_parameters()}
    return tuple((name, b.ties[key]) for name, key in keys.items() if key in b.ties)


def _recurrent(b: Builder, module: Any, path: str, inputs: Sequence[Value | None]) -> tuple[Value | None, ...]:
    fields = {
        "num_layers": module.num_layers, "batch_first": module.batch_first, "dropout": float(module.dropout),
        "bidirectional": module.bidirectional, "proj_size": module.proj_size,
    }  # fmt: skip
    usual = {"num_layers": 1, "batch_first": False, "dropout": 0.0, "bidirectional": False, "proj_size": 0}
    fields = {key: value for key, value in fields.items() if value != usual[key]}
    if not module.bias:
        fields["bias"] = False
    if isinstance(module, nn.RNN) and module.nonlinearity != "tanh":
        fields["nonlinearity"] = module.nonlinearity
    if module.bias and "bias_hh_l0" not in dict(module.named_parameters()):
        fields["recurrent_bias"] = False
    kind = kind_of(module)
    assert kind is not None
    made = layer(kind.__name__, hidden_size=module.hidden_size, **fields)
    return b.apply(made, tuple(inputs), path, _ties(b, path, module))


def _cell(b: Builder, module: Any, path: str, inputs: Sequence[Value | None]) -> tuple[Value | None, ...]:
    fields: dict[str, Any] = {} if module.bias else {"bias": False}
    if isinstance(module, nn.RNNCell) and module.nonlinearity != "tanh":
        fields["nonlinearity"] = module.nonlinearity
    kind = kind_of(module)
    assert kind is not None
    made = layer(kind.__name__, hidden_size=module.hidden_size, **fields)
    return b.apply(made, tuple(inputs), path, _ties(b, path, module))


def _attention(b: Builder, module: Any, path: str, inputs: Sequence[Value | None]) -> tuple[Value | None, ...]:
    if module.bias_k is not None or module.add_zero_attn:
        raise Unsaid("MultiheadAttention with bias_k or add_zero_attn")
    query, key, value, padding, mask = inputs
    fields: dict[str, Any] = {}
    if not module.batch_first:
        fields["batch_first"] = False
    if module.dropout:
        fields["dropout"] = float(module.dropout)
    if module.in_proj_bias is None:
        fields["bias"] = False
    if value == key:
        value = None
    if value is None and key == query and module._qkv_same_embed_dim:
        key = None
    made = layer("MultiheadAttention", num_heads=module.num_heads, **fields)
    result = b.apply(made, (query, key, value, padding, mask), path, _ties(b, path, module))
    return (*result, None)


def _norm(b: Builder, module: Any, path: str, inputs: Sequence[Value | None]) -> tuple[Value | None, ...]:
    """A norm of batches, by the row of the operator that torch has for it."""

    def held(name: str) -> Value | None:
        key = f"{path}.{name}" if path else name
        return None if getattr(module, name) is None else Value(key, b.stored[key].type, key)

    weights = (held(name) for name in ("weight", "bias", "running_mean", "running_var"))
    return (ROWS["batch_norm"](b, *inputs, *weights, eps=module.eps),)


_MADE: dict[type, Callable[..., tuple[Value | None, ...]]] = {
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
