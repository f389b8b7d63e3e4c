"""Loops of a file of ONNX whose number of steps is known are written out; each step has the same weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import nnspec
from tests.onnx_models import body, imported, model_of, ones

LOOP = """
    count = Constant<value = int64 {3}>() yes = Constant<value = bool {1}>()
    y, all = Loop(count, yes, x) <body = step (int64 i, bool on, float[N, 4] h) => (bool on_out, float[N, 4] out, float[N, 4] kept) {
        on_out = Identity(on) m = MatMul(h, w) out = Tanh(m) kept = Identity(out) }>
"""
SCAN = """
    y, all = Scan <num_scan_inputs = 1, scan_input_axes = [1], scan_output_axes = [1], body = step
        (float[N, 4] h, float[N, 4] part) => (float[N, 4] out, float[N, 4] kept) {
        m = MatMul(h, w) s = Add(m, part) out = Tanh(s) kept = Identity(out) }> (start, x)
"""


def test_a_loop_is_its_steps(tmp_path: Path) -> None:
    model = imported(model_of(LOOP, "float[N, 4] x", "float[N, 4] y, float[S, N, 4] all", w=ones(4, 4)), tmp_path)
    assert len(model.weights or {}) == 1
    assert body(model).count("fc1") == 3 and "Stack" in model.text


def test_a_scan_along_a_known_length_is_its_steps(tmp_path: Path) -> None:
    given = "float[N, 3, 4] x, float[N, 4] start"
    model = imported(model_of(SCAN, given, "float[N, 4] y, float[N, 3, 4] all", w=ones(4, 4)), tmp_path)
    assert len(model.weights or {}) == 1


def test_a_loop_that_data_end_or_that_goes_on_for_long_is_refused(tmp_path: Path) -> None:
    made = model_of(SCAN, "float[N, T, 4] x, float[N, 4] start", "float[N, 4] y, float[N, T, 4] all", w=ones(4, 4))
    with pytest.raises(nnspec.SpecError, match="it walks along T places"):
        imported(made, tmp_path)
    made = model_of(LOOP.replace("{3}", "{300}"), "float[N, 4] x", "float[N, 4] y, float[S, N, 4] all", w=ones(4, 4))
    with pytest.raises(nnspec.SpecError, match="it takes more than 100 steps"):
        imported(made, tmp_path)


@pytest.mark.parametrize(
    ("nodes", "given", "weights", "word"),
    [
        ('y = Resize<mode = "linear", antialias = 1>(x, , , size)', "float[N, 3, 8, 8] x",
         {"size": np.array([1, 3, 5, 3])}, "Linear("),
        ("y = Attention<is_causal = 1, left_window_size = 2>(x, x, x)", "float[N, 2, T, 4] x", {}, "Range(T)"),
        ("y = STFT(x, step, window)", "float[N, T, 1] x", {"step": np.int64(4), "window": abs(ones(8))}, "Conv1d("),
        ("y = AveragePool<kernel_shape = [3, 3], pads = [2, 2, 2, 2], strides = [1, 1]>(x)", "float[N, 3, 8, 8] x", {}, "AvgPool2d("),
    ],
)  # fmt: skip
def test_what_no_layer_has_is_said_by_others(
    tmp_path: Path, nodes: str, given: str, weights: dict[str, np.ndarray], word: str
) -> None:
    made = model_of(nodes, given.replace("N", "1") if "size" in weights else given, "float y", 25, **weights)
    made.ir_version = 11
    assert word in imported(made, tmp_path).text


MIXTURE = """
block Expert(hidden) { up: Linear(hidden) -> ReLU -> down: Linear(6) }
block Experts {
  x = _
  best = x -> gate: Linear(4, bias = false) -> softmax(dim = -1) -> TopK(2)
  (x, best.indices, best) -> experts: Mixture(4, Expert(5))
}
model Net { input x: float[N, T, 6]
  output y = first: Experts }
"""


def test_a_mixture_of_experts_comes_back_as_one(tmp_path: Path) -> None:
    model = nnspec.loads(MIXTURE)
    weights = model.to_torch().state_dict()
    model.export_onnx(tmp_path / "mixture.onnx", weights, verify=False)
    back = nnspec.from_onnx(tmp_path / "mixture.onnx")
    assert "block Expert {\n  up: Linear(5) -> ReLU\n  down: Linear(6)\n}" in back.text
    assert "experts: Mixture(4, Expert)" in back.text
    assert list(back.weights or {}) == list(weights)


def test_experts_that_are_not_alike_are_refused(tmp_path: Path) -> None:
    made = nnspec.loads(MIXTURE).to_onnx()
    node = next(node for node in made.graph.node if node.op_type == "Relu")
    node.op_type = "Tanh"
    with pytest.raises(nnspec.SpecError, match="its experts are not alike"):
        imported(made, tmp_path)
