"""Files of ONNX that compute in 16 or 8 bits are read in floats of 32, which is told; and run as they are by themselves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import TensorProto, helper, numpy_helper

import nnspec
from nnspec.bench.measure import Candidate
from nnspec.cli.main import main
from tests.onnx_models import body, imported, model_of, ones

SCALE, ZERO = np.float32(0.05), np.int8(0)
QUANTISED = "its quantised weights are held as floats"
ROUNDS = "values that the file rounds are not rounded"
BOUNDED = "values that the file rounds are held within the same bounds, and not rounded"


def whole(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(-127, 127, shape).astype(np.int8)


def half(path: Path) -> Path:
    made = model_of("h = MatMul(x, w) a = Add(h, b) y = Relu(a)", "float16[N, 3] x", "float16[N, 2] y")
    made.graph.initializer.extend(
        numpy_helper.from_array(each.astype(np.float16), name) for name, each in (("w", ones(3, 2)), ("b", ones(2)))
    )
    onnx.save(made, path / "half.onnx")
    return path / "half.onnx"


def test_a_file_of_16_bits_is_read_in_32_and_compared_within_what_its_bits_grant(tmp_path: Path) -> None:
    model = nnspec.from_onnx(half(tmp_path))
    assert model.notes[0] == "its floats of 16 bits are held in 32"
    assert model.notes[1].startswith("the file rounds: on random inputs its results are up to 0.")
    assert all(array.dtype == np.float32 for array in (model.weights or {}).values())
    result = CliRunner().invoke(main, ["verify", str(half(tmp_path))], catch_exceptions=False)
    assert result.exit_code == 0 and "within 0.01" in result.output, result.output


def test_bench_runs_a_file_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[Candidate] = []
    monkeypatch.setattr("nnspec.bench.bench.measure", lambda candidates, *_: measured.extend(candidates) or [])
    result = CliRunner().invoke(main, ["bench", str(half(tmp_path)), "--no-compiled"], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert [each.name for each in measured] == ["onnxruntime", "PyTorch"]
    assert measured[0].model == tmp_path / "half.onnx"


CONV = "xq = QuantizeLinear(x, s, z) xd = DequantizeLinear(xq, s, z) wd = DequantizeLinear<axis = 0>(w, ws, wz)"
DYNAMIC = """
    xq, xs, xz = DynamicQuantizeLinear(x) i = MatMulInteger(xq, w, xz, wz) f = Cast<to = 1>(i) t = Mul(xs, ws)
    m = Mul(f, t) y = Add(m, b)
"""


@pytest.mark.parametrize(
    ("nodes", "shape", "weights", "line", "notes"),
    [
        (f"{CONV} c = Conv(xd, wd) cq = QuantizeLinear(c, s, u) y = DequantizeLinear(cq, s, u)", "N, 3, 8, 8",
         {"w": whole(4, 3, 3, 3), "ws": abs(ones(4)) / 100, "wz": np.zeros(4, np.int8), "u": np.uint8(0)},
         "clamp(_, min = -6.4, max = 6.35) -> conv1: Conv2d(4, 3, bias = false)\n  output y = clamp(_, min = 0.0, max = 12.75)",
         (QUANTISED, BOUNDED)),
        ("xq = QuantizeLinear(x, s, z) c = QLinearConv(xq, s, z, w, ws, wz, s, z, b) y = DequantizeLinear(c, s, z)",
         "N, 3, 8, 8", {"w": whole(4, 3, 3, 3), "ws": abs(ones(4)) / 100, "wz": np.zeros(4, np.int8),
                        "b": np.arange(4, dtype=np.int32)},
         "clamp(_, min = -6.4, max = 6.35) -> conv1: Conv2d(4, 3)\n  output y = clamp(_, min = -6.4, max = 6.35)",
         (QUANTISED, BOUNDED)),
        (DYNAMIC, "N, 8", {"w": whole(8, 4), "ws": np.float32(0.01), "wz": np.int8(3), "b": ones(4)},
         "output y = fc1: Linear(4)", (QUANTISED, ROUNDS)),
        ("wd = DequantizeLinear<axis = 1>(w, ws) y = MatMul(x, wd)", "N, 8", {"w": whole(8, 4), "ws": abs(ones(4))},
         "output y = fc1: Linear(4, bias = false)", (QUANTISED,)),
    ],
)  # fmt: skip
def test_a_quantised_file_is_read_in_floats_and_the_command_says_so(
    tmp_path: Path, nodes: str, shape: str, weights: dict[str, np.ndarray], line: str, notes: tuple[str, ...]
) -> None:
    made = model_of(nodes, f"float[{shape}] x", "float y", s=SCALE, z=ZERO, **weights)
    model = imported(made, tmp_path)
    assert body(model).strip() == line
    assert model.notes[: len(notes)] == notes
    told = CliRunner().invoke(main, ["summary", str(tmp_path / "file.onnx")], catch_exceptions=False)
    assert all(f"  note: {note}" in told.output for note in notes)


def test_weights_of_four_bits_with_a_scale_for_each_block_are_floats(tmp_path: Path) -> None:
    rows, columns, size = 6, 64, 32
    node = helper.make_node("MatMulNBits", ["x", "w", "s", "z"], ["y"], domain="com.microsoft", K=columns, N=rows,
                            bits=4, block_size=size)  # fmt: skip
    drawn = np.random.default_rng(0)
    arrays = {
        "w": drawn.integers(0, 255, (rows, columns // size, size // 2)).astype(np.uint8),
        "s": abs(ones(rows * columns // size)), "z": drawn.integers(0, 255, rows).astype(np.uint8),
    }  # fmt: skip
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", width])
        for name, width in (("x", columns), ("y", rows))
    ]
    graph = helper.make_graph(
        [node], "g", ports[:1], ports[1:], [numpy_helper.from_array(v, k) for k, v in arrays.items()]
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = imported(helper.make_model(graph, opset_imports=domains, ir_version=8), tmp_path)
    assert body(model) == "  output y = fc1: Linear(6, bias = false)"
    assert model.notes == (QUANTISED,)  # what the file itself computes is the same


def test_what_cannot_be_said_of_floats_is_refused_by_its_node(tmp_path: Path) -> None:
    made = model_of("q = QuantizeLinear(x, s, z) y = Cast<to = 6>(q)", "float[N, 3] x", "int32 y", s=SCALE, z=ZERO)
    with pytest.raises(nnspec.SpecError, match="Cast: it works on quantised numbers"):
        imported(made, tmp_path)
    made = model_of("y = QuantizeLinear(x, s, z)", "float[N, 3] x", "int8[N, 3] y", s=SCALE, z=ZERO)
    with pytest.raises(nnspec.SpecError, match="output: it gives quantised numbers"):
        imported(made, tmp_path)


SPEC = """
model Net {
  input tokens: int[N, T]
  embed: Embedding(20, 16) -> fc1: Linear(32) -> ReLU -> fc2: Linear(16)
  output y = fc3: Linear(5)
}
"""


def test_what_onnxruntime_quantises_is_read_under_its_names(tmp_path: Path) -> None:
    quantization = pytest.importorskip("onnxruntime.quantization")
    nnspec.loads(SPEC).export_onnx(tmp_path / "net.onnx", opset=17, verify=False)
    drawn = np.random.default_rng(0)

    class Samples(quantization.CalibrationDataReader):  # type: ignore[misc,name-defined]
        left = 3

        def get_next(self) -> dict[str, np.ndarray] | None:
            self.left -= 1
            return {"tokens": drawn.integers(0, 20, (2, 7))} if self.left else None

    given = str(tmp_path / "net.onnx")
    quantization.quantize_dynamic(given, str(tmp_path / "dynamic.onnx"))
    for name in ("QDQ", "QOperator"):
        form = quantization.QuantFormat[name]
        quantization.quantize_static(given, str(tmp_path / f"{name}.onnx"), Samples(), quant_format=form)
    for name in ("dynamic", "QDQ", "QOperator"):
        model = nnspec.from_onnx(tmp_path / f"{name}.onnx")
        assert next(iter(model.weights or {})) == "embed.weight", model.text
        assert "embed: Embedding(20, 16)" in model.text and "fc2: Linear(16" in model.text
        assert QUANTISED in model.notes


def test_recurrent_layers_of_16_bits_are_not_run_by_onnxruntime_which_they_would_end(tmp_path: Path) -> None:
    nodes = "h, last, cell = LSTM<hidden_size = 4>(x, w, r) y = Identity(last)"
    made = model_of(nodes, "float16[T, N, 3] x", "float16 y")
    made.graph.initializer.extend(
        numpy_helper.from_array(each.astype(np.float16), name)
        for name, each in (("w", ones(1, 16, 3)), ("r", ones(1, 16, 4)))
    )
    assert imported(made, tmp_path).notes == ("its floats of 16 bits are held in 32",)
