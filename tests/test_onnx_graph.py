"""The ONNX graph that a spec becomes: names, sharing, repeats, sizes, folding, what is left out, what is refused."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

import nnspec
from nnspec import SpecError
from nnspec.limits import Limits


def model_of(*lines: str) -> nnspec.Model:
    return nnspec.loads("model Net {\n" + "\n".join(f"  {line}" for line in lines) + "\n}\n", name="net.nn")


def ran(model: onnx.ModelProto, **inputs: Any) -> dict[str, np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, inputs), strict=True))


def operators(model: onnx.ModelProto) -> Counter[str]:
    return Counter(node.op_type for node in model.graph.node)


def dimensions(value: onnx.ValueInfoProto) -> list[int | str]:
    return [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]


def initializers(model: onnx.ModelProto) -> dict[str, np.ndarray]:
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}


def trained(model: nnspec.Model) -> tuple[torch.nn.Module, dict[str, np.ndarray]]:
    """The PyTorch module with running statistics as training leaves them, and its weights."""
    torch.manual_seed(0)
    module = model.to_torch().eval()
    for name, tensor in module.state_dict().items():
        if name.endswith("running_mean"):
            tensor.normal_()
        elif tensor.is_floating_point() and tensor.ndim == 1:
            tensor.uniform_(0.5, 2.0)
    return module, {name: tensor.numpy() for name, tensor in module.state_dict().items()}


def check_equal(model: nnspec.Model, *shapes: tuple[int, ...], opset: int | None = None) -> onnx.ModelProto:
    """Compare with PyTorch under trained weights; the ONNX model."""
    module, weights = trained(model)
    proto = model.to_onnx(weights, opset=opset)
    inputs = [torch.randn(shape) for shape in shapes]
    with torch.no_grad():
        wanted = module(*inputs)
    names = [value.name for value in proto.graph.input]
    got = ran(proto, **{name: value.numpy() for name, value in zip(names, inputs, strict=True)})
    for expected, found in zip(wanted if isinstance(wanted, tuple) else (wanted,), got.values(), strict=True):
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-5)
    return proto


def test_inputs_outputs_and_weights_keep_their_names_and_sizes_their_symbols() -> None:
    model = model_of(
        "input image: float[N, 3, 2*h, 2*w]",
        "features: { Conv2d(4, 3, padding = 1) -> ReLU -> MaxPool2d(2) }",
        "output map = _",
        "output logits = GlobalAvgPool2d -> Flatten -> fc: Linear(5)",
    )
    proto = check_equal(model, (2, 3, 6, 10))
    assert [(v.name, dimensions(v)) for v in proto.graph.input] == [("image", ["N", 3, "2*h", "2*w"])]
    assert [(v.name, dimensions(v)) for v in proto.graph.output] == [("map", ["N", 4, "h", "w"]), ("logits", ["N", 5])]
    assert set(initializers(proto)) >= {"features.0.weight", "features.0.bias", "fc.weight", "fc.bias"}
    assert "features.0.Conv" in {node.name for node in proto.graph.node}
    assert proto.producer_name == "nnspec" and proto.producer_version == nnspec.__version__
    assert {entry.key for entry in proto.metadata_props} >= {"nnspec.model", "nnspec.spec"}


def test_dropout_and_what_exists_in_training_only_are_gone() -> None:
    model = model_of(
        "input x: float[N, 4]",
        "first: Linear(6) -> Dropout(0.5)",
        "training { output aux = aux: Linear(2) }",
        "output y = last: Linear(3)",
    )
    proto = check_equal(model, (2, 4))
    assert operators(proto) == {"Gemm": 2}
    assert set(initializers(proto)) == {"first.weight", "first.bias", "last.weight", "last.bias"}
    assert [value.name for value in proto.graph.output] == ["y"]


def test_a_module_applied_twice_has_its_weights_once_and_repeats_have_their_own() -> None:
    model = model_of(
        "input left: float[N, 4]",
        "input right: float[N, 4]",
        "a = left -> tower: Linear(4)",
        "b = right -> tower",
        "a + b -> 3 x { Linear(4) -> Tanh }",
    )
    proto = check_equal(model, (2, 4), (2, 4))
    assert operators(proto) == {"Gemm": 5, "Add": 1, "Tanh": 3}
    keys = {name.removesuffix(".weight") for name in initializers(proto) if name.endswith(".weight")}
    assert keys == {"tower", "1.0", "2.0", "3.0"}


def test_tied_weights_are_one_initializer() -> None:
    model = model_of(
        "input tokens: int[N, T <= 7]",
        "tokens -> wte: Embedding(11, 4)",
        "output logits = head: Linear(11, bias = false, weight = wte.weight)",
    )
    proto = model.to_onnx()
    assert [name for name in initializers(proto) if name.startswith(("wte", "head"))] == ["wte.weight"]
    assert model.to_torch()(torch.zeros(2, 3, dtype=torch.int64)).shape == (2, 3, 11)
    assert ran(proto, tokens=np.zeros((2, 3), np.int64))["logits"].shape == (2, 3, 11)


def test_outputs_that_are_inputs_weights_or_each_other_keep_their_names() -> None:
    model = model_of(
        "input x: float[N, 3]",
        "scale = Parameter([3], init = 2.0)",
        "output y = x * scale",
        "output scale",
        "output same = x",
        "output again = y",
    )
    got = ran(model.to_onnx(), x=np.ones((1, 3), np.float32))
    assert {name: value.tolist() for name, value in got.items()} == {
        "y": [[2.0, 2.0, 2.0]], "scale": [2.0, 2.0, 2.0], "same": [[1.0, 1.0, 1.0]], "again": [[2.0, 2.0, 2.0]]
    }  # fmt: skip


def test_sizes_are_read_from_the_inputs_once() -> None:
    model = model_of(
        "input x: float[N, 3, H, W]",
        "output ones = Ones([H, W])",
        "output more = Full([N, H + W, 2*H], 3.0)",
        "output less = Zeros([(H + 1)//2, H*W])",
    )
    proto = model.to_onnx()
    got = ran(proto, x=np.zeros((2, 3, 5, 7), np.float32))
    assert {name: value.shape for name, value in got.items()} == {"ones": (5, 7), "more": (2, 12, 10), "less": (3, 35)}
    assert operators(proto)["Shape"] == 3  # of N, H and W


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ("Conv2d(4, 3, bias = false) -> BatchNorm2d -> ReLU", {"Conv": 1, "Relu": 1}),
        ("Conv2d(4, 3, padding = 1) -> BatchNorm2d -> BatchNorm2d", {"Conv": 1}),
        ("Conv2d(6, 3, groups = 3) -> BatchNorm2d", {"Conv": 1}),
        ("ConvTranspose2d(4, 3, stride = 2) -> BatchNorm2d", {"ConvTranspose": 1}),
        ("ConvTranspose2d(6, 2, groups = 3, bias = false) -> BatchNorm2d", {"ConvTranspose": 1}),
        ("Flatten -> Linear(5) -> BatchNorm1d", {"Reshape": 1, "Gemm": 1}),
        ("ZeroPad2d([1, 0, 2, 1]) -> Conv2d(4, 3, padding = 1)", {"Conv": 1}),
        ("ReLU -> BatchNorm2d", {"Relu": 1, "BatchNormalization": 1}),
        ("ReflectionPad2d(1) -> Conv2d(4, 3)", {"Pad": 1, "Conv": 1}),
        ("ConstantPad2d(1, 2.0) -> Conv2d(4, 3)", {"Pad": 1, "Conv": 1}),
    ],
)
def test_batch_norms_and_zero_padding_are_folded_where_that_is_exact(steps: str, kept: dict[str, int]) -> None:
    proto = check_equal(model_of("input x: float[N, 3, 8, 8]", steps), (2, 3, 8, 8))
    assert operators(proto) == kept


def test_a_result_that_is_used_twice_is_not_folded_and_a_shared_convolution_is_folded_twice() -> None:
    model = model_of(
        "input x: float[N, 3, 8, 8]",
        "a = x -> conv: Conv2d(3, 3, padding = 1)",
        "b = a -> one: BatchNorm2d",
        "c = b -> conv -> two: BatchNorm2d",
        "output y = a + b + c",
    )
    assert operators(check_equal(model, (2, 3, 8, 8))) == {"Conv": 2, "BatchNormalization": 1, "Add": 2}


@pytest.mark.parametrize("opset", range(20, 27))
def test_every_opset_on_offer_runs(opset: int) -> None:
    model = model_of("input x: float[N, 3, 8, 8]", "Conv2d(4, 3) -> BatchNorm2d -> GELU -> AvgPool2d(2)", "RMSNorm")
    proto = check_equal(model, (2, 3, 8, 8), opset=opset)
    assert [entry.version for entry in proto.opset_import] == [opset]


def test_random_layers_choose_an_opset_that_runs_them() -> None:
    proto = model_of("input z: float[N, 3]", "output y = z + normal(z)").to_onnx()
    assert [entry.version for entry in proto.opset_import] == [21]
    assert ran(proto, z=np.zeros((2, 3), np.float32))["y"].any()


def code_of(model: nnspec.Model, **options: Any) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        model.to_onnx(**options)
    return caught.value.diagnostics[0].code, str(caught.value)


def test_what_onnx_cannot_say_is_refused_where_it_stands() -> None:
    model = nnspec.loads(
        "block Noise {\n  normal(_) + _\n}\nmodel Net {\n  input x: float[N, 3]\n  noise: Noise\n}\n", name="net.nn"
    )
    code, text = code_of(model, opset=22)
    assert code == "E0702"
    assert "net.nn:2:3" in text and "in Noise, called as noise at net.nn:6:3" in text and "opset 21" in text


def test_other_refusals() -> None:
    model = model_of("input x: float[N, 3]", "1000 x { Linear(3) -> ReLU }")
    assert code_of(model, limits=Limits(layers=1999))[0] == "E0701"
    assert len(model.to_onnx(limits=Limits(layers=2000)).graph.node) == 2000
    assert code_of(model_of("input x: float[N, 3]", "output x = Linear(2)"))[0] == "E0703"
    assert code_of(model, opset=16)[0] == "E0704"


@pytest.mark.parametrize(
    "pad", ["ZeroPad1d([1, 2])", "Pad(padding = [0, 1])", "Dropout(0.5) -> ZeroPad1d(1) -> Identity"]
)
def test_zeros_before_a_pool_can_be_the_largest(pad: str) -> None:
    model = nnspec.loads(f"model M {{ input x: float[N, 2, T]; {pad} -> MaxPool1d(3, ceil_mode = true) }}")
    module, x = model.to_torch().eval(), -1 - torch.rand(2, 2, 7)
    session = onnxruntime.InferenceSession(model.to_onnx().SerializeToString())
    np.testing.assert_array_equal(session.run(None, {"x": x.numpy()})[0], module(x).numpy())
