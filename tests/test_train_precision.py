"""Training in 16 bits and compiled: it learns, and goes on bit by bit where it stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.train.loop import Loop

SPEC = """
model Flowers(classes = 3) {
  input features: float[N, 4]
  Linear(8) -> BatchNorm1d -> ReLU
  output logits = Linear(classes)
}

train {
  data      = iris
  optimizer = AdamW(lr = 1e-2)
  epochs    = 3
  batch     = 30
}
"""


class Killed(BaseException):
    """The end of a process, as far as a test can have it."""


def assert_goes_on_bit_by_bit(folder: Path, monkeypatch: pytest.MonkeyPatch, **recipe: object) -> None:
    """A run that ends in the middle of its second epoch ends, when it is resumed, where one ends that did not."""
    whole = nnspec.loads(SPEC).train(runs=folder, quiet=True, **recipe)
    step = Loop._step

    def dies(loop: Loop, order: torch.Tensor) -> None:
        if (loop.position.epoch, loop.position.step) == (1, 2):
            raise Killed
        step(loop, order)

    with monkeypatch.context() as patched:
        patched.setattr(Loop, "_step", dies)
        with pytest.raises(Killed):
            nnspec.loads(SPEC).train(runs=folder, name="part", quiet=True, **recipe)
    again = nnspec.resume(folder / "part", quiet=True)
    found, expected = load_file(again.last_weights), load_file(whole.last_weights)
    assert found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)


def test_float16_learns_and_its_weights_stay_float32(tmp_path: Path) -> None:
    result = nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, precision='"float16"', epochs=40)
    assert result.best is not None and result.best > 0.9
    assert all(tensor.dtype != torch.float16 for tensor in load_file(result.last_weights).values())


def test_float16_leaves_out_steps_whose_gradients_overflow(tmp_path: Path) -> None:
    # the scale begins at 65536: these gradients are beyond float16 until it has been halved a few times
    spec = SPEC.replace("epochs ", "loss = 1e4 * cross_entropy(logits, label)\n  epochs ")
    result = nnspec.loads(spec).train(runs=tmp_path, quiet=True, precision='"float16"')
    assert all(tensor.isfinite().all() for tensor in load_file(result.last_weights).values())
    state = load_file(result.folder / "state.safetensors")
    assert 0 < state["scaler.scale"].item() < 65536


def test_float16_with_clipping_goes_on_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_goes_on_bit_by_bit(tmp_path, monkeypatch, precision='"float16"', clip=0.5)


@pytest.mark.slow
def test_compiled_networks_learn_the_same_and_go_on_bit_by_bit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_goes_on_bit_by_bit(tmp_path, monkeypatch, compile=True)
    eager = nnspec.loads(SPEC).train(runs=tmp_path, quiet=True)
    compiled = nnspec.resume(tmp_path / "part", quiet=True)  # it is done, and tells its history
    losses = [[float(row["loss"] or 0) for row in run.history] for run in (eager, compiled)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_without_a_compiler_it_says_so_before_a_folder_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(nnspec.SpecError, match="there is no C\\+\\+ compiler no-such-compiler") as caught:
        nnspec.loads(SPEC).train(runs=tmp_path / "runs", quiet=True, compile=True, device="cpu")
    assert caught.value.diagnostics[0].code == "E0624" and not (tmp_path / "runs").exists()


@pytest.mark.slow
def test_the_layer_where_numbers_end_is_found_in_compiled_networks_too(tmp_path: Path) -> None:
    with pytest.raises(nnspec.SpecError, match="the first layer to give such a number is 1"):
        nnspec.loads(SPEC).train(runs=tmp_path, quiet=True, compile=True, optimizer="SGD(lr = 1e38)")
