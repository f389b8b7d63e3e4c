"""Files of ONNX as they are found: without shapes or names, with inputs that nothing uses, with graphs in graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from tests.onnx_models import body, imported, model_of, ones


def test_sizes_that_only_weights_tell_are_theirs(tmp_path: Path) -> None:
    made = model_of("y = Conv(x, w)", "float[A, B, C, D] x", "float y", w=ones(4, 3, 3, 3))
    for dim in made.graph.input[0].type.tensor_type.shape.dim:
        dim.Clear()
    model = imported(made, tmp_path)
    assert "input x: float[N, 3, H, W]" in model.text
    assert model.notes == ("x is [N, 3, H, W]: its weights are for no other size",)


def test_an_input_without_a_shape_is_asked_for_one(tmp_path: Path) -> None:
    made = model_of("y = MatMul(x, w)", "float[N, 3] x", "float y", w=ones(3, 2))
    made.graph.input[0].type.tensor_type.ClearField("shape")
    with pytest.raises(nnspec.SpecError, match=r"it has \(x\)\n.*say what its sizes are"):
        imported(made, tmp_path)
    assert body(imported(made, tmp_path, dynamic={"x": "N 3"})) == "  output y = fc1: Linear(2, bias = false)"


def test_a_size_of_0_is_an_open_one(tmp_path: Path) -> None:
    made = model_of("y = Relu(x)", "float[N, 3] x", "float[N, 3] y")
    made.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 0
    model = imported(made, tmp_path)
    assert "x: float[N, 3]" in model.text
    assert model.notes == ("x has a size of 0 in the file, which is taken for an open one",)


def test_outputs_keep_their_order_where_one_is_an_input(tmp_path: Path) -> None:
    made = model_of("y = Relu(x)", "float[N, 3] x", "float[N, 3] x, float[N, 3] y")
    assert imported(made, tmp_path).program.main.outputs[0].value == "x"


def test_nodes_of_one_name_weights_that_are_inputs_and_inputs_without_use_are_read(tmp_path: Path) -> None:
    made = model_of("a = MatMul(x, w) r = Relu(a) y = MatMul(r, v)", "float[N, 3] x, float[3, 3] w, int64[N] mask",
                    "float y", 8, w=ones(3, 3), v=ones(3, 2))  # fmt: skip
    made.ir_version = 3
    for node in made.graph.node:
        node.name = "same"
    model = imported(made, tmp_path)
    assert [port.name for port in model.program.main.inputs] == ["x", "mask"]
    assert "fc1: Linear(3, bias = false) -> ReLU" in model.text


def test_a_sequence_of_known_length_is_its_tensors(tmp_path: Path) -> None:
    nodes = """
        size = Constant<value = int64 {2}>() one = Constant<value = int64 {1}>() s = SplitToSequence<axis = 1>(x, size)
        first = SequenceAt(s, one) more = SequenceConstruct(first, x) y = ConcatFromSequence<axis = 1>(more)
    """
    text = body(imported(model_of(nodes, "float[N, 6] x", "float[N, 8] y"), tmp_path))
    assert "Split(3)" in text and "Concat" in text


def test_of_two_graphs_that_data_choose_from_both_are_computed_where_their_results_are_alike(tmp_path: Path) -> None:
    nodes = """
        z = Constant<value = float {0}>() s = ReduceSum<keepdims = 0>(x) c = Greater(s, z)
        y = If (c) <then_branch = a () => (float p) { p = Relu(x) }, else_branch = b () => (float q) { q = Tanh(x) }>
    """
    model = imported(model_of(nodes, "float[N, 3] x", "float[N, 3] y"), tmp_path)
    assert "where(" in model.text
    assert model.notes == ("both graphs of an If are computed, and its condition chooses among their results",)


def test_show_prints_the_spec_and_import_says_where_weights_go(tmp_path: Path) -> None:
    onnx.save(model_of("y = MatMul(x, w)", "float[N, 3] x", "float[N, 2] y", w=ones(3, 2)), tmp_path / "file.onnx")
    shown = CliRunner().invoke(main, ["show", str(tmp_path / "file.onnx")], catch_exceptions=False)
    told = CliRunner().invoke(main, ["import", str(tmp_path / "file.onnx")], catch_exceptions=False)
    assert "output y = fc1: Linear(2, bias = false)" in shown.stdout == told.stdout
    assert "its weights are written, too, with -o MODEL.nn" in told.stderr


def test_load_takes_a_file_and_no_settings(tmp_path: Path) -> None:
    onnx.save(model_of("y = Relu(x)", "float[N, 3] x", "float[N, 3] y"), tmp_path / "file.onnx")
    assert nnspec.load(tmp_path / "file.onnx", inputs={"x": (2, 3)}).program.main.input_types[0].shape == (2, 3)
    with pytest.raises(nnspec.SpecError, match="E0595"):
        nnspec.load(tmp_path / "file.onnx", settings={"width": 3})


def test_what_is_advised_is_for_the_file_s_own_names_and_is_read(tmp_path: Path) -> None:
    nodes = """
        small = Conv<strides = [2, 2], pads = [1, 1, 1, 1]>(x, w) up = ConvTranspose<strides = [2, 2]>(small, v)
        y = Add(up, x)
    """
    made = model_of(nodes, "float[N, 3, H, W] x", "float y", w=ones(3, 3, 3, 3), v=ones(3, 3, 2, 2))
    made.graph.input[0].name = made.graph.node[0].input[0] = made.graph.node[2].input[1] = "serving/x:0"
    with pytest.raises(nnspec.SpecError, match=r'--dynamic serving/x:0="N 3 32\*h 32\*w"'):
        imported(made, tmp_path)
    assert imported(made, tmp_path, dynamic={"serving/x:0": "N 3 32*h 32*w"}).name


def test_what_is_too_large_for_one_message_is_compared_by_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnspec.importing.from_onnx.compare.LARGEST", 100)
    made = model_of("y = MatMul(x, w)", "float[N, 9] x", "float[N, 8] y", w=ones(9, 8))
    assert body(imported(made, tmp_path)) == "  output y = fc1: Linear(8, bias = false)"
    made = model_of(
        "w = DequantizeLinear(q, s) y = MatMul(x, w)",
        "float[N, 9] x",
        "float y",
        q=np.ones((9, 8), np.int8),
        s=np.float32(0.5),
    )
    assert body(imported(made, tmp_path)) == "  output y = fc1: Linear(8, bias = false)"


def test_a_pointer_of_git_lfs_is_told_as_one(tmp_path: Path) -> None:
    (tmp_path / "file.onnx").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")
    with pytest.raises(nnspec.SpecError, match="git lfs pull"):
        nnspec.from_onnx(tmp_path / "file.onnx")
