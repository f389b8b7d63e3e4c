"""What a module makes has the element type of what it meets, and what must be exact is exact: every layer, every type.

Float64 is float64 in each step; bfloat16 and float16 are as near to exact results as their eps allows; autocast runs.
"""

from __future__ import annotations

import copy
import pickle

import numpy as np
import onnxruntime
import pytest
import torch
import torch.nn.functional as F
from reference.element_types import HALVES, cast, default, distance, given, in_16_bits, in_float64
from test_contract import CASES, called_layer, identifier, make_inputs, sizes, spec

import nnspec
from nnspec.layers.base import Example, Layer

STEPS = 16  # roundings that a layer may add up, in eps of its type
WITHOUT_KERNEL = {"AvgPool3d", "LPPool3d"}  # torch's processor has none for them in 16 bits, and says so


@pytest.mark.parametrize(("layer", "example"), CASES, ids=identifier)
def test_a_layer_computes_in_the_type_that_it_is_given(layer: type[Layer], example: Example) -> None:
    program = spec(example).program
    inputs = [torch.from_numpy(array) for array in make_inputs(program, sizes(program, example)).values()]
    torch.manual_seed(0)
    module = spec(example).to_torch().eval()
    random = called_layer(program, layer).random
    with torch.set_grad_enabled(bool(layer.tracks)):
        exact = in_float64(module, inputs)
        for single, double in zip(given(module, inputs), exact, strict=True):
            assert single.dtype == (torch.float32 if double.is_floating_point() else double.dtype)
            assert random or distance(single, double) < 1e-5
        for dtype in HALVES:
            if layer.__name__ in WITHOUT_KERNEL:
                with pytest.raises(RuntimeError, match="not implemented for"):
                    in_16_bits(module, inputs, dtype)
                continue
            for found, wanted in zip(*in_16_bits(module, inputs, dtype), strict=True):
                assert found.dtype == (dtype if wanted.is_floating_point() else wanted.dtype)
                assert random or distance(found, wanted) < STEPS * torch.finfo(dtype).eps
        for found, wanted in zip(given(module, inputs, torch.bfloat16), exact, strict=True):
            assert not wanted.is_floating_point() or found.dtype in (torch.float32, torch.bfloat16)
            assert random or distance(found, wanted) < STEPS * torch.finfo(torch.bfloat16).eps


# Models that make tensors from nothing, in every way in which they can meet others.
MADE = {
    "zeros beside an input": """
model Z {
  input x: float[N, 4]
  (zeros([N, 4]) -> fc: Linear(3)) + (x -> g: Linear(3))
}""",
    "no float input, but weights": """
model Z {
  input t: int[N, T]
  places = Range(T) -> _[none] / 7
  t -> emb: Embedding(10, 4)
  (_ + sin(places)[..., none], full([N, 1, 4], 0.3)) -> Concat(dim = 1)
  fc: Linear(2)
}""",
    "no input and no weight": """
model Z {
  r = Range(7) -> _ * 300.5
  s = zeros([7])
  output y = cos(r) + s
}""",
    "a block that has neither": """
block Start(size) { [N, T]; output start = ones([N, size]) }
block Table(size) { [N, T]; r = Range(T) -> _[:, none] / size; output table = sin(r) }
model Z {
  input t: int[N, T]
  start = t -> Start(4)
  table = t -> Table(4)
  output y = (start -> fc: Linear(3)) + (table -> g: Linear(3) -> _[0])
}""",
    "a scan from zeros": """
block Step(size): element, h {
  (element -> a: Linear(size)) + (h -> b: Linear(size))
  output h = tanh(_)
  output y = h * 2
}
model Z {
  input x: float[N, T, 4]
  h = zeros([N, 5])
  (each x along 1, carry h) -> step: scan Step(5)
  output y = step.y
}""",
    "states of a recurrent layer": """
model Z {
  input x: float[N, T, 4]
  state = zeros([1, N, 6])
  (x, state, zeros([1, N, 6])) -> lstm: LSTM(6, batch_first = true)
  output y = lstm
}""",
    "masks": """
model Z {
  input x: float[N, T, 8]
  query = x -> q: Linear(8) -> Rearrange("n t (h d) -> n h t d", h = 2)
  rows = Range(T) -> _[:, none]
  columns = Range(T) -> _[none]
  far = rows - columns
  slopes = Constant([0.5, 0.25]) -> _[:, none, none]
  bias = where(columns <= rows, zeros([T, T]), -1e9) - far * slopes
  attention(query, query, query, bias = bias) -> Rearrange("n h t d -> n t (h d)") -> o: Linear(8)
}""",
    "norms by hand": """
model Z {
  input x: float[N, 40]
  y = x * 300.0
  output a = y / sqrt(mean(y * y, dim = -1, keepdim = true) + 1e-6)
  d = y - mean(y, dim = -1, keepdim = true)
  output b = d / sqrt(mean(d ** 2, dim = 1, keepdim = true) + 1e-6) -> fc: Linear(3)
  output c = y / (norm(y, dim = 1, keepdim = true) + 1e-8)
  output e = y * rsqrt(sum(square(y), dim = 1)[:, none] / 40)
  k = x -> CumulativeSum(dim = 1)
  output f = exp(-k)
}""",
    "a scan over positions": """
block Step: place, h { output h = tanh(sin(place) + h); output y = h * 2 }
model Z {
  input x: float[N, 4]
  places = Range(1500) -> _ * 0.5
  (each places, carry x) -> step: scan Step
  output y = step.y
}""",
    "positions that cross a block and are multiplied": """
block Frequencies(size) { [N, T]; r = Range(size) -> _ * -0.25; output f = exp(r) }
block Wave: places, frequencies { output w = sin(places[:, none] @ frequencies[none]) }
model Z {
  input t: int[N, T]
  frequencies = t -> Frequencies(8)
  places = Range(T) -> cast(_, "float")
  wave = (places, frequencies) -> Wave
  t -> emb: Embedding(10, 8)
  output y = _ + wave
}""",
}


def made(text: str, length: int = 12) -> tuple[torch.nn.Module, list[torch.Tensor]]:
    """The module and inputs of a model."""
    model = nnspec.loads(text, "Z")
    torch.manual_seed(0)
    numbers = {"N": 2, "T": length}
    inputs = []
    for type in model.program.main.input_types:
        shape = [size if isinstance(size, int) else numbers[str(size)] for size in type.shape]
        inputs.append(torch.randn(shape) if type.dtype == "float" else torch.randint(0, 10, shape))
    return model.to_torch().eval(), inputs


@pytest.mark.parametrize("text", MADE.values(), ids=MADE)
def test_what_is_made_from_nothing_has_the_type_of_what_it_meets(text: str) -> None:
    module, inputs = made(text, 1500 if "scan" not in text else 12)
    with torch.no_grad():
        exact = in_float64(module, inputs)
        assert all(distance(*pair) < 1e-4 for pair in zip(given(module, inputs), exact, strict=True))
        for dtype in HALVES:
            for found, wanted in zip(*in_16_bits(module, inputs, dtype), strict=True):
                assert found.dtype == dtype
                assert distance(found, wanted) < STEPS * torch.finfo(dtype).eps
        for found, wanted in zip(given(module, inputs, torch.bfloat16), exact, strict=True):
            assert distance(found, wanted) < STEPS * torch.finfo(torch.bfloat16).eps


@pytest.mark.parametrize("text", MADE.values(), ids=MADE)
def test_a_module_of_another_default_type_computes_in_it(text: str) -> None:
    with default(torch.float64), torch.no_grad():
        module, inputs = made(text)
        results = given(module, inputs)
        assert all(value.dtype == torch.float64 for value in [*module.parameters(), *results])
    wanted = in_float64(module, inputs)
    assert all(distance(*pair) < 1e-12 for pair in zip(results, wanted, strict=True))


@pytest.mark.slow  # torch.compile calls a C++ compiler
@pytest.mark.parametrize("text", MADE.values(), ids=MADE)
def test_what_is_made_survives_compiling_exporting_and_pickling(text: str) -> None:
    module, inputs = made(text)
    module, inputs = module.to(torch.bfloat16), cast(inputs, torch.bfloat16)
    with torch.no_grad():
        wanted = given(module, inputs)
        others = [
            torch.compile(module, backend="eager", fullgraph="LSTM" not in text),
            torch.export.export(module, tuple(inputs)).module(),
            pickle.loads(pickle.dumps(module)),
            copy.deepcopy(module),
        ]
        for other in others:
            for found, expected in zip(given(other, inputs), wanted, strict=True):
                torch.testing.assert_close(found, expected, rtol=0, atol=0)


def test_what_is_made_is_no_part_of_the_state() -> None:
    for text in MADE.values():
        model = nnspec.loads(text, "Z")
        assert "like" not in " ".join(model.to_torch().state_dict())


def test_source_of_a_table_reads_as_a_person_would_write_it() -> None:
    text = nnspec.loads(MADE["no float input, but weights"], "Z").torch_source()
    assert (
        text.partition("    def forward")[2]
        == """(self, t_):
        n, t = t_.shape
        device = t_.device
        dtype = next(self.parameters()).dtype
        wide = torch.promote_types(dtype, torch.float32)
        places = torch.arange(t, device=device)[None].to(wide) / 7
        x = self.emb(t_) + torch.sin(places).to(dtype)[..., None]
        x = torch.cat((x, torch.full((n, 1, 4), 0.3, dtype=dtype, device=device)), dim=1)
        return self.fc(x)
"""
    )


@pytest.mark.parametrize("dtype", HALVES)
def test_sums_over_long_rows_neither_saturate_nor_stall(dtype: torch.dtype) -> None:
    text = """
model Z {
  input x: float[N, T]
  input y: float[N, T]
  input z: float[N, 70000]
  output mean = mean(x, dim = 1)
  output deviation = std(x, dim = 1)
  output all = logsumexp(x, dim = 1)
  output share = sum(softmax(x, dim = 1), dim = 1)
  output likeness = cosine_similarity(200 * x, y)
  output apart = kl_divergence(x, y)
  output square = mse(x, y, reduction = "batchmean")
  output overlap = dice_loss(sigmoid(x), sigmoid(y))
  output contrast = info_nce(100 * x, 100 * y)
  output normal = z -> RMSNorm
}"""
    module, _ = made(text)
    torch.manual_seed(0)
    inputs = [torch.randn(2, 70_000) / 8 + 1 for _ in range(3)]
    with torch.no_grad():
        for found, wanted in zip(*in_16_bits(module, inputs, dtype), strict=True):
            assert found.dtype == dtype and (found.isfinite().all() or (wanted.abs() > 65504).any())
            assert (wanted.abs() > 65504).any() or distance(found, wanted) < STEPS * torch.finfo(dtype).eps


def test_numbers_beyond_float16_mask_as_they_do_in_float32() -> None:
    text = """
model Z {
  input seen: bool[N, T]
  input x: float[N, T]
  output one = softmax(where(seen, x, -1e9), dim = 1)
  output two = softmax(where(seen, x, full([T], -1e9)), dim = 1)
  output three = clamp(x, min = -1e9, max = 70000.0)
  output four = maximum(x, -1e9)
  output five = x -> Pad([1, 1], value = -1e9) -> Softmax(1)
}"""
    module = nnspec.loads(text, "Z").to_torch()
    seen, x = torch.tensor([[True, False, True], [False, False, False]]), torch.randn(2, 3)
    for single, half in zip(module(seen, x), module(seen, x.half()), strict=True):
        assert half.dtype == torch.float16
        torch.testing.assert_close(half.float(), single, rtol=1e-3, atol=1e-3)


def test_weights_of_classes_are_exact_under_autocast() -> None:
    text = """
model Z {
  input x: float[N, 3]
  input y: int[N]
  scores: Linear(3)
  output loss = cross_entropy(_, y, class_weights = [0.3, 1.7, 0.011])
}"""
    module = nnspec.loads(text, "Z").to_torch()
    x, y = torch.randn(50, 3), torch.arange(50) % 3
    with torch.autocast("cpu", torch.bfloat16):
        loss, scores = module(x, y), module.scores(x)
    weights = torch.tensor([0.3, 1.7, 0.011])
    torch.testing.assert_close(loss, F.cross_entropy(scores.float(), y, weights), rtol=1e-6, atol=0)


def test_angles_tables_and_squares_are_exact_in_a_file_of_16_bits() -> None:
    text = """
model Z {
  input t: float[N]
  input x: float[N, 64]
  output wave = t -> SinusoidalEmbedding(64)
  f = Range(32) -> _ * -0.3
  output own = cos(t[:, none] * exp(f)[none])
  three = Constant(3.0) -> _
  counted = Range(N) -> _
  output table = full([N], 2049.0) * three + counted
  n = x * 300.0
  output normal = n / sqrt(mean(n * n, dim = 1, keepdim = true))
}"""
    model = nnspec.loads(text, "Z")
    inputs = {
        "t": np.array([1, 700, 999, 2047.5], np.float32),
        "x": np.random.default_rng(0).standard_normal((4, 64)).astype(np.float32),
    }
    single, half = (
        onnxruntime.InferenceSession(
            model.to_onnx(precision=precision).SerializeToString(), providers=["CPUExecutionProvider"]
        ).run(None, inputs)
        for precision in ("float32", "float16")
    )
    for wanted, found in zip(single, half, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-3)
