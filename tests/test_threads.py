"""The library is used from many threads at once: nothing waits for ever, nothing is seen before it is complete."""

from __future__ import annotations

import faulthandler
import sys
from concurrent.futures import ThreadPoolExecutor

import onnxruntime
import pytest
import torch

import nnspec

THREADS = 8
# A block, repeats, attention, recurrence, convolutions: what the lowerings look up, name and fold.
SPEC = """\
block Layer(heads, hidden) {{
  [N, T, D]
  residual {{ attn: MultiheadAttention(heads, batch_first = true) -> norm1: LayerNorm }}
  residual {{ a: Linear(hidden) -> GELU -> b: Linear(D) }}
}}
block Unit(channels, act = ReLU) {{ [N, C, H, W]; Conv2d(channels, 3, padding = 1) -> BatchNorm2d -> act }}
model M{index}(width = {width}) {{
  input tokens: int[N, T <= 16]
  input image: float[N, 3, 8, 8]
  pooled = image -> 2 x Unit(4) -> Unit(8, act = SiLU) -> GlobalAvgPool2d -> Flatten -> Linear(width)
  text = tokens -> wte: Embedding(11, width) -> h: 3 x Layer(2, {hidden}) -> rnn: LSTM(width, batch_first = true)
  output logits = (text -> Mean(dim = 1)) + pooled -> Linear(5)
}}
"""


def _use(index: int) -> tuple[int, int]:
    """One model through every door; how many parameters the summary and the module say that it has."""
    width = 4 + 2 * (index % 5)
    model = nnspec.loads(SPEC.format(index=index, width=width, hidden=8 + index % 7))
    summary = model.summary()
    assert f"class M{index}(" in model.torch_source()
    module = model.to_torch().eval()
    proto = model.to_onnx()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    tokens, image = torch.ones(2, 4, dtype=torch.long), torch.zeros(2, 3, 8, 8)
    (logits,) = session.run(None, {"tokens": tokens.numpy(), "image": image.numpy()})
    assert tuple(logits.shape) == tuple(module(tokens, image).shape) == (2, 5)
    return summary.parameters, sum(weight.numel() for weight in module.parameters())


@pytest.mark.parametrize("models", [24, pytest.param(200, marks=pytest.mark.slow)])
def test_models_are_summarised_lowered_and_exported_in_eight_threads_at_once(models: int) -> None:
    faulthandler.dump_traceback_later(600, exit=True)  # threads that wait for one another would wait for ever
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            found = list(pool.map(_use, [index // 2 for index in range(2 * models)]))  # each model in two threads
    finally:
        faulthandler.cancel_dump_traceback_later()
    assert len(found) == 2 * models and all(said == built for said, built in found)
    assert found[::2] == found[1::2]


# Groups within groups, in a block that is a chain and in a model that is none: how each of them is written asks how
# those within it are, in one order here and in the other there. Under the locks of Python 3.11's own `cached_property`
# two threads then wait for each other.
_DEEP = "ReLU"
for _ in range(12):
    _DEEP = f"{{ {_DEEP} -> Tanh }}"
NESTED = f"""\
block Body(channels) {{ {" -> ".join([_DEEP] * 4)} -> Conv2d(channels, 1) }}
model N(channels = 3) {{
  input image: float[N, 3, 8, 8]
  a: {{ Body(channels) -> {_DEEP} -> {_DEEP} }}
  b: Body(channels + 1) -> Conv2d(channels, 1) -> c: {{ ReLU -> {{ Tanh }} }}
  output y = _ + a
}}
"""


def test_sources_are_written_in_eight_threads_at_once() -> None:
    models = [nnspec.loads(NESTED, settings={"channels": 3 + index}) for index in range(40)]
    expected = [model.torch_source() for model in models[:2]]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    faulthandler.dump_traceback_later(120, exit=True)
    try:
        with ThreadPoolExecutor(THREADS) as pool:
            sources = list(pool.map(lambda model: model.torch_source(), models))
    finally:
        sys.setswitchinterval(interval)
        faulthandler.cancel_dump_traceback_later()
    assert sources[:2] == expected and len(sources) == 40
