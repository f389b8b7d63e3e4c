"""A file of ONNX becomes a spec: what is read, how it is written, and that both compute the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import numpy_helper

import nnspec
from nnspec.cli.main import main

LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"
STACK = """
block Unit(c) {
  residual { conv1: Conv2d(c, 3, padding = 1, bias = false) -> ReLU -> conv2: Conv2d(c, 1) }
}
model Stack {
  input image: float[N, 3, H, W]
  stem: Conv2d(8, 3, padding = 1) -> GELU
  layer1: { 3 x Unit(8) }
  GlobalAvgPool2d -> Flatten -> norm: LayerNorm
  output logits = fc: Linear(5)
}
"""


def model_of(nodes: str, inputs: str, outputs: str, opset: int = 17, **weights: np.ndarray) -> onnx.ModelProto:
    """A model in the text form of ONNX, with arrays."""
    text = f'<ir_version: 8, opset_import: ["": {opset}]> main ({inputs}) => ({outputs}) {{ {nodes} }}'
    made = onnx.parser.parse_model(text)
    made.graph.initializer.extend(numpy_helper.from_array(each, name) for name, each in weights.items())
    return made


def imported(made: onnx.ModelProto, path: Path, **options: object) -> nnspec.Model:
    onnx.save(made, path / "file.onnx")
    return nnspec.from_onnx(path / "file.onnx", **options)  # type: ignore[arg-type]


def body(model: nnspec.Model) -> str:
    """The lines of the model itself, without its inputs."""
    lines = model.text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("model"))
    return "\n".join(line for line in lines[start + 1 : -1] if not line.startswith("  input"))


def ones(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_what_nnspec_exports_comes_back_with_its_blocks_and_labels(tmp_path: Path) -> None:
    model = nnspec.loads(STACK)
    weights = model.to_torch().state_dict()
    model.export_onnx(tmp_path / "stack.onnx", weights, verify=False)
    back = nnspec.from_onnx(tmp_path / "stack.onnx")
    assert "layer1: 3 x Layer" in back.text and "GELU" in back.text and "norm: LayerNorm" in back.text
    image = torch.rand(2, 3, 9, 7)
    expected = model.to_torch(weights).eval()(image)
    assert torch.allclose(back.to_torch(back.weights).eval()(image), expected, atol=1e-6)


def test_the_command_writes_the_spec_and_beside_it_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = model_of("h = MatMul(x, w) y = Add(h, b)", "float[N, 3] x", "float[N, 2] y", w=ones(3, 2), b=ones(2))
    onnx.save(made, "linear.onnx")
    told = CliRunner().invoke(main, ["import", "linear.onnx", "-o", "made.nn"], catch_exceptions=False)
    assert told.output.splitlines() == ["made.nn: LinearModel, 8 parameters", "made.safetensors: 2 tensors"]
    assert "fc1: Linear(2)" in Path("made.nn").read_text()
    for command in (
        ["verify", "made.nn", "linear.onnx", "--weights", "made.safetensors"], ["verify", "linear.onnx"],
        ["summary", "linear.onnx"], ["draw", "linear.onnx", "-o", "linear.svg"],
    ):  # fmt: skip
        result = CliRunner().invoke(main, command, catch_exceptions=False)
        assert result.exit_code == 0, result.output


def test_a_network_of_the_wheel_of_onnx_is_read_by_its_names() -> None:
    model = nnspec.from_onnx(LIGHT / "light_squeezenet.onnx")
    assert "fire2.expand3x3: Conv2d(64, 3, padding = 1) -> ReLU" in model.text
    assert sum(each.size for each in (model.weights or {}).values()) == 1_235_496


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "vgg19", "zfnet512"],
)
def test_the_other_networks_of_the_wheel_of_onnx_agree_with_onnxruntime(name: str) -> None:
    assert nnspec.from_onnx(LIGHT / f"light_{name}.onnx").name


def test_a_constant_that_only_a_residual_uses_stands_inside_it() -> None:
    text = """
    model Net { input x: float[N, 4]
      output y = residual { fc: Linear(4) -> _ + Constant([1, 2, 3, 4], dtype = "float") -> ReLU } }
    """
    model = nnspec.loads(text)
    module = model.to_torch().eval()
    back = nnspec.from_torch(module, torch.rand(2, 4), dynamic={"x": "N 4"})
    assert "[1.0, 2.0, 3.0, 4.0]" in back.text


def test_a_shape_of_the_spec_s_own_in_front_of_the_last_product_stays_in_the_file() -> None:
    text = """
    model Net { input x: float[T, 1, 2, 6]
      output y = Flatten -> fc: Linear(7) -> Reshape([T, 1, 7]) }
    """
    made = nnspec.loads(text).to_onnx()
    assert [node.op_type for node in made.graph.node].count("Gemm") == 1
