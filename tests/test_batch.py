"""The number of samples is proven, not guessed: by what layers state, which is held against what they compute."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.infer.session import Session
from nnspec.ir.batch import Batch, Obstacle, batch_of, find_batch
from nnspec.ir.chance import random_outputs
from nnspec.layers.base import Example, Layer
from tests.test_contract import CASES, concrete, identifier, make_inputs, sizes, spec


def found(text: str) -> Batch | Obstacle | None:
    return find_batch(nnspec.loads(f"model M {{ {text} }}").program)


@pytest.mark.parametrize(("layer", "example"), CASES, ids=identifier)
def test_what_is_proven_of_a_layer_is_what_it_does(layer: type[Layer], example: Example) -> None:
    """Three samples together give what each of them gives alone."""
    model = spec(example)
    batch = batch_of(model.program)
    if batch is None or random_outputs(model.program) or batch.symbol in example.sizes:
        return
    numbers = {**sizes(model.program, example), batch.symbol: 3}
    for size in model.program.main.input_types:
        concrete(size.shape, numbers)
    inputs = [torch.from_numpy(array) for array in make_inputs(model.program, numbers).values()]
    module = model.to_torch().eval()
    with torch.set_grad_enabled(bool(layer.tracks)):
        whole = _tuple(module(*inputs))
        alone = []
        for sample in range(3):
            given = [
                x if axis is None else x.narrow(axis, sample, 1) for x, axis in zip(inputs, batch.inputs, strict=True)
            ]
            alone.append(_tuple(module(*given)))
    for index, axis in enumerate(batch.outputs):
        parts = [part[index] for part in alone]
        together = parts[0] if axis is None else torch.cat(parts, dim=axis)
        torch.testing.assert_close(whole[index], together, rtol=1e-4, atol=1e-5, equal_nan=True)


def _tuple(value: object) -> tuple[torch.Tensor, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)  # type: ignore[return-value]


@pytest.mark.parametrize(
    "layer",
    ["Conv2d(4, 3)", "MaxPool2d(2)", "BatchNorm2d", "GroupNorm(1)", "Upsample(scale_factor = 2)", "PixelShuffle(1)",
     "Flatten", "Flatten -> Reshape([N, 3, 8, 8])", 'Rearrange("n c h w -> (n h) c w")', "Transpose(1, 3)"],
)  # fmt: skip
def test_layers_of_images_keep_samples_apart(layer: str) -> None:
    batch = found(f"input x: float[N, 3, 8, 8]; output y = x -> {layer}")
    assert batch == Batch("N", (0,), (0,))


def test_samples_may_be_several_rows_each_and_come_back() -> None:
    windows = 'Rearrange("n (h p) (w q) c -> (n h w) (p q) c", p = 4, q = 4) -> MultiheadAttention(1)'
    batch = found(f"input x: float[N, 8, 8, 6]; output y = x -> {windows} -> Reshape([N, 4, 16, 6])")
    assert batch == Batch("N", (0,), (0,))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("input x: float[N, 4]; output y = mean(x)", "Mean"),
        ("input x: float[N, 4]; output y = softmax(x, 0)", "Softmax"),
        ("input x: float[N, 4]; output y = x - mean(x, dim = 0)", "Mean"),
        ("input x: float[N, 4]; output y = x / N", None),
        ("input x: float[N, 4]; turned = x -> Transpose(0, 1); output y = x @ turned", "MatMul"),
        ("input x: float[N, 4]; place = Range(N) -> Unsqueeze(1); output y = x + place", None),
        ("input x: float[N, 4, 5]; output y = x -> Transpose(0, 1) -> Reshape([4*N, 5])", "Reshape"),
        ("input x: float[N, 4]; output y = x -> BatchNorm1d(track_running_stats = false)", "BatchNorm1d"),
        ("input x: float[N, 4]; output y = x -> Flip(0)", "Flip"),
        ("input x: float[N, 4]; output y = x[0]", "Subscript"),
    ],
)
def test_what_mixes_samples_is_no_batch(text: str, kind: str | None) -> None:
    obstacle = found(text)
    assert isinstance(obstacle, Obstacle) and obstacle.symbol == "N" and obstacle.layer is not None
    assert kind is None or obstacle.layer.kind == kind


TIME_FIRST = "model TimeFirst { input x: float[T, N, 4]; output y = x -> LSTM(3) }"


def test_a_model_whose_time_comes_first_counts_samples_by_its_second_dimension() -> None:
    model = nnspec.loads(TIME_FIRST)
    assert batch_of(model.program) == Batch("N", (1,), (1,))
    summary = model.summary(batch=5)
    assert (summary.batch_symbol, summary.batch, str(summary.macs)) == ("N", 5, "84*T")
    assert str(summary.activation_bytes) == "60*T + 120"  # the sequence, the last state and cell


def test_the_summary_counts_with_every_symbol_where_none_is_a_batch() -> None:
    summary = nnspec.loads("model M { input x: float[N, 4]; output y = x -> Linear(3) -> Softmax(0) }").summary()
    assert (summary.batch_symbol, str(summary.macs)) == (None, "12*N")
    with pytest.raises(SpecError, match="does not treat places along N apart"):
        nnspec.loads("model M { input x: float[N, 4]; output y = x -> Linear(3) -> Softmax(0) }").summary(batch=2)


def test_a_file_names_its_batch_and_is_cut_along_it(tmp_path: Path) -> None:
    model = nnspec.loads("model M { input x: float[N, 4]; output y = x -> Linear(3) }")
    model.export_onnx(tmp_path / "apart.onnx")
    session, x = Session(tmp_path / "apart.onnx"), np.random.default_rng(0).random((5, 4), np.float32)
    assert json.loads(session.metadata["nnspec.batch"]) == "N"
    np.testing.assert_allclose(session.run({"x": x}, batch=2)["y"], session.run({"x": x})["y"], rtol=1e-6)


@pytest.mark.parametrize(
    ("text", "shape"),
    [(TIME_FIRST, (5, 2, 4)), ("model M { input x: float[N, 4]; output y = x - mean(x, dim = 0) }", (5, 4))],
)
def test_what_has_no_leading_batch_is_not_cut(text: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    nnspec.loads(text).export_onnx(tmp_path / "mixed.onnx")
    session = Session(tmp_path / "mixed.onnx")
    assert "nnspec.batch" not in session.metadata
    with pytest.raises(SpecError, match="E0809"):
        session.run({"x": np.zeros(shape, np.float32)}, batch=2)
    served = nnspec.loads(text).export_triton(tmp_path / "served")
    assert "max_batch_size: 0\n" in (Path(served.folder) / "config.pbtxt").read_text()


def test_int8_values_share_their_range_and_are_not_put_into_batches(tmp_path: Path) -> None:
    model = nnspec.loads("model Q { input x: float[N, 64]; a: Linear(64) -> ReLU; output y = b: Linear(8) }")
    made = model.export_onnx(tmp_path / "q.onnx", precision="int8")
    assert any("not put into batches" in note for note in made.notes)
    session = Session(tmp_path / "q.onnx")
    with pytest.raises(SpecError, match="E0809"):
        session.run({"x": np.zeros((4, 64), np.float32)}, batch=2)
    served = model.export_triton(tmp_path / "served", precision="int8")
    assert "max_batch_size: 0\n" in (Path(served.folder) / "config.pbtxt").read_text()


def test_one_number_is_one_element_for_triton(tmp_path: Path) -> None:
    served = nnspec.loads("model Reduced { input a: float[N, 4]; output y = mean(a) }").export_triton(tmp_path)
    config = (Path(served.folder) / "config.pbtxt").read_text()
    assert "dims: [ 1 ]" in config and "reshape" not in config


def test_the_command_says_why_there_is_no_batch(tmp_path: Path) -> None:
    (tmp_path / "m.nn").write_text("model M { input x: float[N, 4]; output y = x -> fc: Linear(3) -> top: Softmax(0) }")
    done = CliRunner().invoke(main, ["summary", str(tmp_path / "m.nn"), "--batch", "32"])
    assert done.exit_code == 1 and "Softmax (top) does not treat places along N apart" in done.output
