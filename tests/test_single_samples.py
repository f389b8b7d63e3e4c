"""Single samples, without the dimension that counts them: what takes them, what does not, and what is said of it."""

from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest
import torch

import nnspec
from nnspec import SpecError


def test_a_network_of_pictures_runs_on_one_of_them_as_it_does_on_a_batch_of_one(tmp_path: Path) -> None:
    text = "model M { input x: float[%s]; a: Conv2d(4, 3, padding = 1) -> InstanceNorm2d(affine = true) -> ReLU; "
    text += "b: MaxPool2d(2) -> ConvTranspose2d(2, 2, stride = 2) -> AdaptiveAvgPool2d(3); output y = _ }"
    alone, batch = nnspec.loads(text % "3, H, W"), nnspec.loads(text % "N, 3, H, W")
    module, other = alone.to_torch().eval(), batch.to_torch().eval()
    other.load_state_dict(module.state_dict())
    x = torch.randn(3, 9, 8)
    torch.testing.assert_close(module(x), other(x[None])[0])
    alone.export_onnx(tmp_path / "m.onnx", {key: value.numpy() for key, value in module.state_dict().items()})
    session = onnxruntime.InferenceSession(tmp_path / "m.onnx", providers=["CPUExecutionProvider"])
    torch.testing.assert_close(torch.from_numpy(session.run(None, {"x": x.numpy()})[0]), module(x).detach())


def test_one_sequence_gives_its_own_states_and_starts_from_them() -> None:
    text = "model M { input x: float[T, 5]; input h: float[2, 3]; input c: float[2, 3]; "
    text += "lstm = (x, h, c) -> LSTM(3, bidirectional = true); output y = lstm; output s = lstm.state }"
    model = nnspec.loads(text)
    assert [str(each) for each in model.program.main.output_types] == ["[T, 6]", "[2, 3]"]
    y, state = model.to_torch()(torch.randn(7, 5), torch.randn(2, 3), torch.randn(2, 3))
    assert y.shape == (7, 6) and state.shape == (2, 3)


@pytest.mark.parametrize(
    ("shape", "layer", "words"),
    [
        ("[3, 8, 8]", "BatchNorm2d", "it needs a batch"),
        ("[N, 8, 8]", "Conv2d(4, 3)", "needs 4 dimensions [N, C, H, W]"),
        ("[N, 16, 100]", "Conv2d(4, 3)", "write Conv1d instead"),
        ("[3, 2, 2]", "Conv2d(4, 3)", "a single sample, as a batch of one"),
    ],
)
def test_what_is_no_sample_is_refused(shape: str, layer: str, words: str) -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.loads(f"model M {{ input x: float{shape}; output y = _ -> {layer} }}")
    assert words in str(caught.value)


def test_one_sequence_has_no_lengths() -> None:
    text = "model M { input x: float[T, 5]; input n: int[1]; output y = x -> LSTM(3, lengths = n) }"
    with pytest.raises(SpecError, match="leave the lengths out"):
        nnspec.loads(text)


def test_a_loop_of_cells_is_the_layer_of_its_name() -> None:
    text = """
block Step(size): x, h, c {
  (x, h, c) -> cell: LSTMCell(size)
  output h = cell
  output c = cell.cell
}
model M {
  input x: float[N, T, 4]
  (each x along 1, carry h = zeros([N, 5]), carry c = zeros([N, 5])) -> step: scan Step(5)
  output h = step.h
}
"""
    module = nnspec.loads(text).to_torch()
    layer = torch.nn.LSTM(4, 5, batch_first=True)
    layer.load_state_dict({f"{key.split('.')[-1]}_l0": value for key, value in module.state_dict().items()})
    x = torch.randn(2, 6, 4)
    torch.testing.assert_close(module(x), layer(x)[1][0][0])
