"""A file of ONNX becomes a spec: what is read, how it is written, and that both compute the same."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from onnx import numpy_helper

import nnspec
from nnspec.cli.main import main
from tests.onnx_models import body, imported, model_of, ones, with_random_weights
from tests.onnx_round_trip import comes_back
from tests.round_trip import entries

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


def test_a_file_is_run_by_the_names_of_its_inputs_as_exporters_write_them(tmp_path: Path) -> None:
    made = model_of("y = Relu(x)", "float[N, 3] x", "float[N, 3] y")
    made.graph.input[0].name = made.graph.node[0].input[0] = "serving/x.1:0"
    onnx.save(made, tmp_path / "named.onnx")
    np.save(tmp_path / "x.npy", ones(2, 3))
    words = ["predict", str(tmp_path / "named.onnx"), "--input", f"serving/x.1:0={tmp_path / 'x.npy'}", "--json"]
    told = CliRunner().invoke(main, words, catch_exceptions=False)
    assert told.exit_code == 0, told.output


def test_a_network_of_the_wheel_of_onnx_is_read_by_its_names() -> None:
    model = nnspec.from_onnx(LIGHT / "light_squeezenet.onnx")
    assert "fire2.expand3x3: Conv2d(64, 3, padding = 1) -> ReLU" in model.text
    assert sum(each.size for each in (model.weights or {}).values()) == 1_235_496


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["bvlc_alexnet", "densenet121", "inception_v1", "inception_v2", "resnet50", "shufflenet", "vgg19", "zfnet512"],
)
def test_the_other_networks_of_the_wheel_of_onnx_agree_with_onnxruntime(name: str, tmp_path: Path) -> None:
    assert imported(with_random_weights(LIGHT / f"light_{name}.onnx"), tmp_path).name


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


def test_shapes_that_exporters_compute_are_sizes_of_the_spec(tmp_path: Path) -> None:
    nodes = """
        s = Shape(x) i = Constant<value = int64 {0}>() n = Gather(s, i) axes = Constant<value = int64[1] {0}>()
        u = Unsqueeze(n, axes) rest = Constant<value = int64[1] {-1}>() t = Concat<axis = 0>(u, rest) y = Reshape(x, t)
    """
    assert body(imported(model_of(nodes, "float[N, 3, T] x", "float[N, M] y"), tmp_path)) == "  output y = Flatten"


NORM = """
    m = ReduceMean<axes = [-1]>(x) d = Sub(x, m) two = Constant<value = float {2}>() q = Pow(d, two)
    v = ReduceMean<axes = [-1]>(q) e = Constant<value = float {1e-5}>() ve = Add(v, e) r = Sqrt(ve) z = Div(d, r)
    zw = Mul(z, norm.weight) y = Add(zw, norm.bias)
"""
GELU = """
    a = Constant<value = float {1.41421356}>() o = Constant<value = float {1}>() h = Constant<value = float {0.5}>()
    s = Div(x, a) f = Erf(s) g = Add(f, o) p = Mul(x, g) y = Mul(p, h)
"""
ATTENTION = """
    k = Transpose<perm = [0, 1, 3, 2]>(x) qk = MatMul(x, k) s = Constant<value = float {0.5}>() w = Mul(qk, s)
    p = Softmax<axis = -1>(w) y = MatMul(p, x)
"""


@pytest.mark.parametrize(
    ("nodes", "shape", "weights", "line"),
    [
        (NORM, "N, T, 6", {"norm.weight": ones(6), "norm.bias": ones(6)}, "norm: LayerNorm"),
        (GELU, "N, 6", {}, "GELU"),
        (ATTENTION, "N, 2, T, 4", {}, "attention(_, _, _)"),
        ("s = Sigmoid(x) y = Mul(x, s)", "N, 6", {}, "SiLU"),
        ("c = Conv(x, stem.weight) y = Add(c, b)", "N, 3, 8, 8", {"stem.weight": ones(4, 3, 3, 3), "b": ones(1, 4, 1, 1)},
         "stem: Conv2d(4, 3)"),
    ],
)  # fmt: skip
def test_what_exporters_write_in_several_operators_is_one_layer(
    tmp_path: Path, nodes: str, shape: str, weights: dict[str, np.ndarray], line: str
) -> None:
    made = model_of(nodes.replace("norm.", "norm_").replace("stem.", "stem_"), f"float[{shape}] x", "float y", 13)
    for name, array in weights.items():
        made.graph.initializer.append(numpy_helper.from_array(array, name))
    for node in made.graph.node:
        node.input[:] = [name.replace("norm_", "norm.").replace("stem_", "stem.") for name in node.input]
    assert body(imported(made, tmp_path)).replace("output y = ", "").strip() == line


def test_a_recurrent_layer_has_the_gates_of_pytorch_and_no_dimension_for_its_direction(tmp_path: Path) -> None:
    nodes = """
        h, last, cell = LSTM<hidden_size = 4>(x, w, r, b) axes = Constant<value = int64[1] {1}>() y = Squeeze(h, axes)
    """
    made = model_of(nodes, "float[T, N, 3] x", "float[T, N, 4] y", w=ones(1, 16, 3), r=ones(1, 16, 4), b=ones(1, 32))
    assert body(imported(made, tmp_path)) == "  lstm1: LSTM(4)\n  output y = lstm1"


def test_a_table_of_tokens_that_is_the_last_weight_too_is_tied(tmp_path: Path) -> None:
    nodes = "e = Gather(wte.weight, x) t = Transpose<perm = [1, 0]>(wte.weight) y = MatMul(e, t)".replace(
        "wte.", "wte_"
    )
    made = model_of(nodes, "int64[N, T] x", "float y", wte_weight=ones(9, 4))
    text = imported(made, tmp_path).text
    assert "Embedding(9, 4)" in text and "bias = false, weight = " in text


def test_inputs_that_are_always_one_number_choose_a_branch_and_sizes_are_given(tmp_path: Path) -> None:
    nodes = """
        k = Constant<value = int64 {16000}>() c = Equal(rate, k)
        y = If (c) <then_branch = a () => (float p) { p = Relu(x) }, else_branch = b () => (float q) { q = Tanh(x) }>
    """
    made = model_of(nodes, "float[N, T] x, int64 rate", "float[N, T] y")
    model = imported(made, tmp_path, values={"rate": 16000}, dynamic={"x": "N 8"})
    assert model.text.endswith("  input x: float[N, 8]\n  output y = ReLU\n}\n")


def test_arrays_in_further_files_are_read_and_quantised_weights_are_floats(tmp_path: Path) -> None:
    nodes = "w = DequantizeLinear(q, s) y = MatMul(x, w)"
    made = model_of(nodes, "float[N, 3] x", "float[N, 200] y", q=np.ones((3, 200), np.int8), s=np.float32(0.5))
    onnx.save(made, tmp_path / "file.onnx", save_as_external_data=True, size_threshold=64)
    model = nnspec.from_onnx(tmp_path / "file.onnx")
    assert (next(iter((model.weights or {}).values())) == 0.5).all()


PACKAGES = {  # what packages ship, and the sizes that a file does not say
    "silero_vad/data/silero_vad_16k_sequence.onnx": {},
    "silero_vad/data/silero_vad_half.onnx": {"input": "1 576", "state": "2 1 128"},
    "magika/models/standard_v3_3/model.onnx": {},
    "basic_pitch/saved_models/icassp_2022/nmp.onnx": {},
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx": {"x": "N 3 32*h 32*w"},
    "rapidocr_onnxruntime/models/ch_PP-OCRv4_rec_infer.onnx": {"x": "N 3 48 W"},
    "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx": {},
    "ddddocr/common.onnx": {},
    "ddddocr/common_det.onnx": {},
}


@pytest.mark.slow
@pytest.mark.parametrize("path", PACKAGES)
def test_models_that_packages_ship_are_imported(path: str) -> None:
    package, _, rest = path.partition("/")
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        pytest.skip(f"{package} is not installed")
    assert nnspec.from_onnx(Path(found.origin).parent / rest, dynamic=PACKAGES[path]).name


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["zoo/unet.nn", "zoo/ddpm.nn", "zoo/t5.nn", "zoo/seq2seq.nn", "zoo/squeezenet.nn", "zoo/swin.nn", "zoo/alexnet.nn"],
)
def test_larger_specs_come_back_through_onnx(name: str, tmp_path: Path) -> None:
    assert comes_back(entries()[name], tmp_path / "file.onnx").weights


@pytest.mark.parametrize(
    "name",
    ["zoo/lenet5.nn", "zoo/vae.nn", "zoo/gru_regression.nn", "zoo/unet_2015.nn", "zoo/convnext_v2.nn", "zoo/albert.nn"],
)
def test_a_spec_comes_back_through_onnx(name: str, tmp_path: Path) -> None:
    assert comes_back(entries()[name], tmp_path / "file.onnx").weights


def test_a_node_that_is_not_as_onnx_has_it_is_refused_by_its_name(tmp_path: Path) -> None:
    made = model_of("y = Conv<kernel_shape = [3]>(x)", "float[N, 3, 8] x", "float y")
    with pytest.raises(nnspec.SpecError, match="Conv: it has not the inputs and attributes that ONNX gives it"):
        imported(made, tmp_path)
