"""Attention whose masks hide every key from some queries gives zeros for them: in PyTorch, and in ONNX for all targets."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

import nnspec
from nnspec.weights.arrays import Array

N, T, S = 3, 5, 5
PADDINGS = ["none", "bool", "float"]
MASKS = ["none", "bool", "float", "bool of heads", "float of heads"]


def hidden(dtype: str, where: Array, random: np.random.Generator) -> Array:
    """A mask of one kind: true, or minus infinity among other numbers, where a key is hidden."""
    if dtype == "bool":
        return where
    return np.where(where, -np.inf, random.standard_normal(where.shape)).astype(np.float32)


def check(model: nnspec.Model, inputs: dict[str, Array], blind: Array) -> None:
    """`blind` are the queries that see no key, [N, T]; the results of PyTorch are those of ONNX."""
    torch.manual_seed(0)
    module = model.to_torch().eval()
    weights = {key: value.numpy() for key, value in module.state_dict().items()}
    given = [torch.from_numpy(array) for array in inputs.values()]
    with torch.no_grad():
        found = module(*given)
    torch.testing.assert_close(module(*given).detach(), found)
    assert torch.isfinite(found).all()
    assert (found[torch.from_numpy(blind)] == 0).all() and blind.any() and not blind.all()
    for target in ("cpu", "cuda", "standard"):
        content = model.to_onnx(weights, target=target).SerializeToString()
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, inputs)[0], found.numpy(), atol=1e-6, err_msg=target)


@pytest.mark.parametrize(("padding", "mask", "causal"), [*product(PADDINGS, MASKS, [False, True])][2:])
def test_every_kind_of_mask_of_multihead_attention(padding: str, mask: str, causal: bool) -> None:
    """Without bias, so that what an attention of zeros gives is zeros."""
    random = np.random.default_rng(0)
    lines, arguments = ["input x: float[N, T, 8]"], ["bias = false"]
    inputs: dict[str, Any] = {"x": random.standard_normal((N, T, 8)).astype(np.float32)}
    hides = np.zeros((N, 2, T, S), np.bool_) | (causal and ~np.tri(T, dtype=np.bool_))
    if padding != "none":
        pad = np.array([[0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 0, 1]], np.bool_)
        inputs["pad"], hides = hidden(padding, pad, random), hides | pad[:, None, None]
        lines.append(f"input pad: {padding}[N, T]")
        arguments.append("key_padding_mask = pad")
    if mask != "none":
        shape, heads = ((2 * N, T, S), "2*N, ") if "heads" in mask else ((T, S), "")
        where = random.random(shape) < 0.4
        where[..., 2, :] = True
        inputs["mask"] = hidden(mask.split()[0], where, random)
        hides = hides | (where.reshape(N, 2, T, S) if heads else where)
        lines.append(f"input mask: {mask.split()[0]}[{heads}T, T]")
        arguments.append("attn_mask = mask")
    arguments += ["causal = true"] if causal else []
    lines.append(f"x -> MultiheadAttention(2, {', '.join(arguments)})")
    check(nnspec.loads("model Net {\n" + "\n".join(lines) + "\n}"), inputs, hides.all((1, 3)))


@pytest.mark.parametrize("arguments", [
    "mask = m", "mask = f", "bias = f", "mask = m, bias = f", "mask = m, causal = true", "bias = f, window = 2",
    "causal = true, window = 2", "window = 2", "causal = true, offset = -2", "window = 2, offset = 3",
    "mask = f, causal = true, window = 2",
])  # fmt: skip
@pytest.mark.parametrize("sizes", ["T, S", "9, 5"])
def test_every_way_of_hiding_keys_from_attention(arguments: str, sizes: str) -> None:
    random = np.random.default_rng(0)
    time, length = sizes.split(", ")
    where = random.random((N, 1, 9, 5)) < 0.6
    where[:, :, 1] = True
    inputs: dict[str, Any] = {
        "q": random.standard_normal((N, 2, 9, 4)).astype(np.float32),
        "k": random.standard_normal((N, 2, 5, 4)).astype(np.float32),
    }
    lines = [f"input q: float[N, 2, {time}, 4]", f"input k: float[N, 2, {length}, 4]"]
    places, keys = (
        np.arange(9)[:, None] + (-2 if "-2" in arguments else 3 if "offset = 3" in arguments else 0),
        np.arange(5),
    )
    hides = np.zeros((N, 1, 9, 5), np.bool_)
    if "= m" in arguments:
        inputs["m"], hides = ~where, hides | where
        lines.append(f"input m: bool[N, 1, {sizes}]")
    if "= f" in arguments:
        other = random.random((9, 5)) < 0.5
        other[2] = True
        inputs["f"], hides = hidden("float", other, random), hides | other
        lines.append(f"input f: float[{sizes}]")
    if "causal" in arguments:
        hides = hides | (keys > places)
    if "window" in arguments:
        hides = hides | (abs(keys - places) >= 2)
    lines.append(f"attention(q, k, k, {arguments})")
    check(nnspec.loads("model Net {\n" + "\n".join(lines) + "\n}"), inputs, hides.all(3).repeat(2, 1))
