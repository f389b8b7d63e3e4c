"""`scan Step(...)`: a block along a sequence, with a state; the same in the summary, PyTorch and onnxruntime."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

import nnspec
from nnspec.to_onnx.export import export_model

SPEC = """
block Step(width): element, hidden, memory {
  (element, hidden) -> Concat -> cell: Linear(width) -> Tanh
  new = _
  output result = new + memory -> out: Linear(3)
  output hidden = new
  output double = new * 2
}
model A {
  input sequence: float[T, N, 5]
  input start: float[N, 4]
  input memory: float[N, 4]
  (sequence, start, memory) -> decoder: scan Step(4)
  output results = decoder.result
  output last = decoder.hidden
  output doubles = decoder.double
}
"""


def test_results_are_stacked_and_the_state_is_carried() -> None:
    model = nnspec.loads(SPEC)
    assert [str(type) for type in model.program.main.output_types] == ["[T, N, 3]", "[N, 4]", "[T, N, 4]"]
    assert nnspec.from_json(model.to_json()).program == model.program
    module = model.to_torch().eval()
    sequence, start, memory = torch.randn(6, 2, 5), torch.randn(2, 4), torch.randn(2, 4)
    results, last, doubles = module(sequence, start, memory)
    hidden = start
    for index, element in enumerate(sequence):
        hidden = torch.tanh(module.decoder.cell(torch.cat((element, hidden), 1)))
        torch.testing.assert_close(results[index], module.decoder.out(hidden + memory))
        torch.testing.assert_close(doubles[index], hidden * 2)
    torch.testing.assert_close(last, hidden)


def test_onnxruntime_agrees_at_several_lengths() -> None:
    model = nnspec.loads(SPEC)
    module = model.to_torch().eval()
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    session = onnxruntime.InferenceSession(export_model(model.program, weights).SerializeToString())
    for length in (1, 4, 9):
        inputs = [torch.randn(length, 2, 5), torch.randn(2, 4), torch.randn(2, 4)]
        names = ("sequence", "start", "memory")
        found = session.run(None, {name: tensor.numpy() for name, tensor in zip(names, inputs, strict=True)})
        for answer, expected in zip(found, module(*inputs), strict=True):
            np.testing.assert_allclose(answer, expected.detach().numpy(), atol=1e-6)


def test_macs_count_every_element() -> None:
    shapes = {"sequence": (7, 2, 5), "start": (2, 4), "memory": (2, 4)}
    assert nnspec.loads(SPEC, inputs=shapes).summary().macs == 7 * 2 * (9 * 4 + 4 * 3)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        ("block Step: x, hidden { output y = x; output hidden = Concat }", "its output hidden is"),
        ("block Step: x, hidden { output hidden = x + hidden }", "no output is left to be stacked"),
    ],
)
def test_block_that_cannot_be_scanned_is_refused(step: str, reason: str) -> None:
    step = step.replace("= Concat", "= (x, hidden) -> Concat")
    text = f"{step}\nmodel A {{ input s: float[T, N, 5]; input h: float[N, 5]; (s, h) -> scan Step }}"
    with pytest.raises(nnspec.SpecError, match=f"(?s)E0229.*{reason}"):
        nnspec.loads(text)
