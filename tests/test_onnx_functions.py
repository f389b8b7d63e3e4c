"""Blocks as ONNX functions: one for all uses that are alike, the same numbers, and the names of the spec."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest

import nnspec
from nnspec import SpecError

BLOCKS = """
block Unit(width) {
  fc: Linear(width) -> Tanh
}
block Pair(width) {
  one: Unit(width)
  residual { two: Unit(width) }
}
model Net {
  input x: float[N, 8]
  first: Pair(8)
  2 x Pair(8)
  output y = last: Unit(5)
}
"""
GPT = ("zoo/gpt2.nn", {"layers": 3, "width": 32, "heads": 2, "vocab": 31, "context": 16})
MASKED_BERT = (
    "zoo/bert.nn",
    {"layers": 3, "width": 32, "heads": 2, "hidden": 48, "vocab": 31, "context": 16, "masked": True},
)


def run(model: onnx.ModelProto, **inputs: np.ndarray) -> list[np.ndarray]:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return list(session.run(None, inputs))


def both(model: nnspec.Model, **options: Any) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """The model without functions, and with them, which is valid."""
    made = model.to_onnx(functions=True, **options)
    onnx.checker.check_model(made, full_check=True)
    onnx.shape_inference.infer_shapes(made, strict_mode=True, data_prop=True)
    return model.to_onnx(**options), made


def test_uses_that_are_alike_share_a_function_and_blocks_may_be_in_blocks() -> None:
    plain, made = both(nnspec.loads(BLOCKS))
    assert {f.name: [node.op_type for node in f.node] for f in made.functions} == {
        "Unit": ["Gemm", "Tanh"],
        "Pair": ["Unit", "Unit", "Add"],
    }
    assert [(node.op_type, node.domain, node.name) for node in made.graph.node] == [
        ("Pair", "nnspec", "first"), ("Pair", "nnspec", "1"), ("Pair", "nnspec", "2"), ("Unit", "nnspec", "last")
    ]  # fmt: skip
    assert {tensor.name for tensor in made.graph.initializer} == {tensor.name for tensor in plain.graph.initializer}
    unit = next(function for function in made.functions if function.name == "Unit")
    assert set(unit.input) == {"input", "fc.weight", "fc.bias"}
    x = np.random.default_rng(0).standard_normal((3, 8)).astype(np.float32)
    np.testing.assert_array_equal(run(plain, x=x)[0], run(made, x=x)[0])


@pytest.mark.parametrize("precision", ["float32", "float16", "int8"])
@pytest.mark.parametrize(("name", "settings"), [GPT, MASKED_BERT], ids=["gpt", "masked bert"])
def test_a_model_with_functions_computes_the_same(name: str, settings: dict[str, Any], precision: Any) -> None:
    plain, made = both(nnspec.load(name, settings=settings), precision=precision)
    assert {node.op_type for node in made.functions[0].node} and len(made.graph.node) < len(plain.graph.node) / 3
    tokens = np.arange(10).reshape(2, 5)
    inputs = {"tokens": tokens, "mask": (tokens != 4).astype(np.int64)}
    taken = {port.name: inputs[port.name] for port in plain.graph.input}
    for wanted, found in zip(run(plain, **taken), run(made, **taken), strict=True):
        # onnxruntime removes other casts to and from 16 bits where it has put functions in place itself
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-3 if precision == "float16" else 0)


def test_all_layers_of_a_stack_share_a_function() -> None:
    for name, settings in (GPT, MASKED_BERT):
        made = nnspec.load(name, settings=settings).to_onnx(functions=True)
        assert [function.name for function in made.functions].count("Layer") == 1
        assert not any(function.name.startswith("Layer_") for function in made.functions)


def test_weights_that_a_shared_block_has_once_stay_once() -> None:
    model = nnspec.loads(
        "block Unit { fc: Linear(8) -> ReLU }\n"
        "model Net {\n  input x: float[N, 8]\n  y = x -> unit: Unit\n  output z = y -> unit\n}\n"
    )
    plain, made = both(model)
    assert [node.op_type for node in made.graph.node] == ["Unit", "Unit"] and len(made.functions) == 1
    x = np.ones((1, 8), np.float32)
    np.testing.assert_array_equal(run(plain, x=x)[0], run(made, x=x)[0])


def test_an_exported_file_with_functions_is_verified(tmp_path: Path) -> None:
    model = nnspec.load("zoo/resnet.nn", "ResNet18", settings={"H": 32, "W": 32, "classes": 3})
    made = model.export_onnx(tmp_path / "r.onnx", functions=True)
    assert made.difference is not None and made.difference < 1e-5


def test_static_int8_with_functions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.loads(BLOCKS).export_onnx(
            tmp_path / "n.onnx", functions=True, precision="int8-static", calibrate="x.npz"
        )
    assert caught.value.diagnostics[0].code == "E0715"
