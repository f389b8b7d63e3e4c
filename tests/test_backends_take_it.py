"""What `check` calls sound runs in PyTorch and in onnxruntime: arguments at the border of what the two take."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

import nnspec
from nnspec import SpecError
from nnspec.to_onnx.export import export_model

TAKEN = [
    ("float[N, 3, 8]", "LPPool1d(2, [3])"),
    ("float[N, 3, 8, 8]", "AdaptiveAvgPool2d([none, none])"),
    ("float[N, 3]", "output y = sum(x) -> PReLU"),
    ("float[N, 6, 4, 4]", "LocalResponseNorm(3, alpha = 0.0)"),
    ("float[N, 6, 4]", "LocalResponseNorm(5, beta = -0.5)"),
    ("float[N, 3, 2]", "ZeroPad1d([2, -2])"),
    ("float[N, 3, T]", "Pad([5, -2])"),
    ("float[N, 6]", "CELU(1e30)"),
    ("float[N, 6]", "output y = normal(x, std = 0) * 0 + x"),
    ("float[N, 6]", "output y = uniform(x, low = 1, high = 1.00000000001)"),
    ("float[N, 6]", "output y = smooth_l1(x, x * 0.5, beta = 1e-45)"),
    ("float[N, 1, 6, 7]", "ConvTranspose2d(3, 2, padding = 3, dilation = 2, output_padding = 1)"),
    ("float[N, 2, 5]", "ConvTranspose1d(3, 2, dilation = 4, output_padding = 3)"),
    ("float[2, 3, 1, 5]", "AvgPool2d(3, ceil_mode = true, padding = 1)"),
]
REFUSED = [
    ("float[N, 7]", "Linear(4, bias = false, bias_init = 0)", "bias_init: says how the bias starts, and there is no bias"),
    ("float[N, 3, H, W]", "BatchNorm2d(scale = false, weight_init = 0)", "there is no weight"),
    ("float[N, 3, H, W]", "GroupNorm(1, affine = false, bias_init = 1)", "there is no bias"),
    ("int[N, 7]", "Embedding(4, 3, bias_init = 1)", "there is no bias"),
    ("float[N, 3, H, W]", 'BatchNorm2d(weight_init = "kaiming_normal")', "counts the connections of a matrix"),
    ("float[N, 7]", 'LayerNorm(weight_init = "xavier_normal")', "counts the connections of a matrix"),
    ("float[N, 7]", 'Linear(4, weight_init = ["normal", 0.0, -1.0])', "a standard deviation of -1.0 is negative"),
    ("float[N, 7]", 'Linear(4, bias_init = ["uniform", 1, 0])', "0.0 is less than 1.0"),
    ("float[N, 7]", "Linear(4, bias_init = 1e39)", "1e+39 is more than a float32 can be"),
    ("float[N, 7]", "LeakyReLU(1e39)", "1e+39 is more than a float32 can be"),
    ("float[N, 7]", "output y = where(x > 0, x, -1e300)", "-1e+300 is more than a float32 can be"),
    ("float[N, 6]", "output y = normal([N, 4], std = 1e-60, mean = 1)", "1e-60 is 0 as a float32"),
    ("int[N, 7]", "output y = x ** 1e-300", "1e-300 is 0 as a float32"),
    ("float[N, 7]", 'Linear(4, weight_init = ["normal", 1e30, 1.0], norm = "weight")', "add up to more than a float32"),
    ("float[N, 7]", 'Linear(4, weight_init = 1e-30, norm = "spectral")', "has no direction"),
    ("float[N, 3, 5, 5]", "LocalResponseNorm(3, alpha = 3e38)", "alpha must be at most 1e+30"),
    (
        "float[N, 3, 5, 5]",
        'MaxPool2d(2, padding = "same_upper", dilation = 4096)',
        "some would see padding only",
    ),
    ("float[N, 7]", "CELU(1e-50)", "alpha"),
    ("float[N, 3, 8]", "AdaptiveAvgPool1d([none])", "keeps the one dimension that there is"),
    ("float[N, 3, 1]", "ZeroPad1d([2, -2])", "there are no 2 elements to cut off in dimension 2"),
    ("float[N, 3, 1]", "Pad([-2, 2])", "there are no 2 elements to cut off in dimension 2"),
    ("float[2, 3, 1, 5, 6]", "AvgPool3d(3, padding = 1)", "does not fit into dimension 2"),
    ("float[N, 6]", "output y = binary_cross_entropy(sigmoid(x), 20)", "20 is no probability"),
    ("float[5]", "Subscript(1)", "takes a list of whole numbers"),
]  # fmt: skip


def text(given: str, chain: str) -> str:
    return f"model Net {{\n  input x: {given}\n  {chain}\n}}\n"


@pytest.mark.parametrize(("given", "chain"), TAKEN)
def test_what_is_sound_is_exported_and_equals_pytorch(given: str, chain: str, tmp_path: Path) -> None:
    made = nnspec.loads(text(given, chain)).export_onnx(tmp_path / "net.onnx")
    assert made.difference is not None or "random" in " ".join(made.notes)


@pytest.mark.parametrize(("given", "chain", "message"), REFUSED)
def test_what_no_backend_takes_is_refused_with_a_place(given: str, chain: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.loads(text(given, chain), name="net.nn")
    assert message in str(caught.value) and "net.nn:3:" in str(caught.value)


@pytest.mark.parametrize(
    "text", ["a -> Max", "a -> Min(1)", "a -> Max([0, 2], keepdim = true)", "maximum(a, b)", "minimum(a, 5)",
             "clamp(a, min = -4294967296, max = 5000000000)", "clamp(a, max = 0)"],
)  # fmt: skip
def test_whole_numbers_beyond_32_bits_are_compared_as_they_are(text: str) -> None:
    model = nnspec.loads(f"model M {{ input a: int[N, 3, 4]; input b: int[N, 3, 4]; output y = {text}; output z = b }}")
    numbers = np.random.default_rng(0)
    given = {name: numbers.integers(-(2**33), 2**33, (5, 3, 4)) for name in "ab"}
    session = onnxruntime.InferenceSession(model.to_onnx().SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = model.to_torch()(*map(torch.from_numpy, given.values()))
    np.testing.assert_array_equal(session.run(["y"], given)[0], wanted[0].numpy())


def test_a_norm_behind_a_weight_of_inputs_by_outputs_is_folded_into_its_outputs() -> None:
    model = nnspec.loads("model M { input x: float[N, 4]; output y = x -> fc: Conv1D(4) -> norm: BatchNorm1d }")
    module = model.to_torch().eval()
    torch.manual_seed(0)
    for tensor in (*module.parameters(), module.norm.running_mean):
        torch.nn.init.normal_(tensor)
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    made = export_model(model.program, weights)
    assert [node.op_type for node in made.graph.node] == ["Gemm"]
    x = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    session = onnxruntime.InferenceSession(made.SerializeToString(), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        np.testing.assert_allclose(
            session.run(None, {"x": x})[0], module(torch.from_numpy(x)).numpy(), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize(
    "text",
    ["x -> ZeroPad1d([0, 2]) -> AvgPool1d(3, padding = 1)", "x -> ZeroPad1d([1, 1]) -> AvgPool1d(2, count_include_pad = false)",
     "x -> ZeroPad1d([0, 2]) -> MaxPool1d(2)", "x -> Squeeze([])"],
)  # fmt: skip
def test_what_onnxruntime_would_join_is_kept_apart(text: str) -> None:
    model = nnspec.loads(f"model M {{ input x: float[N, 2, 5]; output y = {text} }}")
    x = np.random.default_rng(0).standard_normal((3, 2, 5)).astype(np.float32)
    session = onnxruntime.InferenceSession(model.to_onnx().SerializeToString(), providers=["CPUExecutionProvider"])
    wanted = model.to_torch()(torch.from_numpy(x)).numpy()
    np.testing.assert_allclose(session.run(None, {"x": x})[0], wanted, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    ["cumprod(a, dim = 1)", "prod(a, dim = 2)", "prod(a)", "prod(a, keepdim = true)", "sum(a)", "cumsum(a, dim = 0)",
     "prod(a, dim = 0, keepdim = true)"],
)  # fmt: skip
def test_products_and_sums_of_whole_numbers_keep_all_bits_and_go_round(text: str) -> None:
    model = nnspec.loads(f"model M {{ input a: int[N, 3, 4]; output y = {text} }}")
    a = np.random.default_rng(0).integers(-(2**40), 2**40, (5, 3, 4)) * 3 + 1
    session = onnxruntime.InferenceSession(model.to_onnx().SerializeToString(), providers=["CPUExecutionProvider"])
    np.testing.assert_array_equal(session.run(None, {"a": a})[0], model.to_torch()(torch.from_numpy(a)).numpy())


@pytest.mark.parametrize(
    ("given", "scale"),
    [("[N, 2, 2, 3]", "2.3"), ("[N, 2, 2, 2]", "1.3"), ("[N, 2, H, W]", "2.25"), ("[N, 2, H, W]", "1.25")],
)
def test_the_nearest_of_twice_as_many_elements_is_each_of_them_twice(given: str, scale: str) -> None:
    """So it is in PyTorch, whatever the factor that gives twice as many."""
    model = nnspec.loads(f"model M {{ input x: float{given}; output y = x -> Upsample(scale_factor = {scale}) }}")
    session = onnxruntime.InferenceSession(model.to_onnx().SerializeToString(), providers=["CPUExecutionProvider"])
    for size in ((2, 2), (3, 2), (5, 7)) if "H" in given else ((2, 3) if "3" in given else (2, 2),):
        x = torch.rand(1, 2, *size)
        np.testing.assert_array_equal(session.run(None, {"x": x.numpy()})[0], model.to_torch()(x).numpy())
