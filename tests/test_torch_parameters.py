"""The classes of the generated source keep the parameters of their blocks, and write what follows from these so."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
import torch

import nnspec
from nnspec.to_torch import formula

GPT = """
block Attention(heads, dropout) {
  [N, T, D]
  size = D // heads
  c_attn: Linear(3 * D) -> Rearrange("n t (k h d) -> k n h t d", k = 3, h = heads)
  attention(_[0], _[1], _[2], causal = true, dropout = dropout, scale = size ** -0.5)
  Rearrange("n h t d -> n t (h d)") -> c_proj: Linear(D)
}
block Layer(heads, dropout, ratio = 4) {
  [N, T, D]
  residual { ln_1: LayerNorm -> attn: Attention(heads, dropout) }
  residual { ln_2: LayerNorm -> mlp: { fc: Linear(ratio * D) -> GELU -> proj: Linear(D) } }
}
block Transformer(layers, width, heads, vocab, dropout = 0.0) {
  wte: Embedding(vocab, width) -> h: layers x Layer(heads, dropout) -> ln_f: LayerNorm
}
model M(layers = 3, width = 12, heads = 2) {
  input tokens: int[N, T]
  transformer: Transformer(layers, width, heads, 17) -> head: Linear(17)
}
"""


def test_blocks_keep_their_parameters_under_the_names_that_callers_have_for_sizes() -> None:
    source = nnspec.loads(GPT).torch_source()
    for line in (
        "def __init__(self, width, heads):",
        "self.heads = heads",
        "self.c_attn = nn.Linear(width, 3 * width)",
        ".unflatten(2, (3, self.heads, -1))",
        "nn.Linear(width, 4 * width)",
        "nn.Linear(4 * width, width)",
        "self.attn = Attention(width, heads)",
        "def __init__(self, layers, width, heads, vocab):",
        "self.h = nn.Sequential(*(Layer(width, heads) for _ in range(layers)))",
        "self.transformer = Transformer(layers=3, width=12, heads=2, vocab=17)",
        "self.head = nn.Linear(12, 17)",
    ):
        assert line in source


def test_kept_numbers_are_there_for_copies_exports_and_scripts() -> None:
    module = nnspec.loads(GPT).to_torch().eval()
    tokens = torch.randint(0, 17, (2, 5))
    expected = module(tokens)
    for other in (
        copy.deepcopy(module),
        pickle.loads(pickle.dumps(module)),
        torch.jit.script(module),
        torch.export.export(module, (tokens,)).module(),
        torch.compile(module, backend="eager", fullgraph=True),
    ):
        torch.testing.assert_close(other(tokens), expected, rtol=0, atol=0)


def test_source_of_a_program_that_was_written_down_is_the_same() -> None:
    model = nnspec.loads(GPT)
    assert nnspec.from_json(model.to_json()).torch_source() == model.torch_source()


@pytest.mark.parametrize(
    "text", ["2 * D", "__import__('os').getcwd()", "D.real", "D if D else D", "3 *", "E", "10**10**10"]
)
def test_a_text_that_is_not_the_number_is_not_believed(text: str) -> None:
    form = json.loads(nnspec.loads(GPT).to_json())
    (call,) = [call for call in form["modules"]["Attention"]["calls"] if call.get("label") == "c_attn"]
    call["written"] = {"out_features": text}
    source = nnspec.from_json(json.dumps(form)).torch_source()
    assert "self.c_attn = nn.Linear(width, 36)" in source


def test_an_expression_is_that_of_every_use_or_the_number_is_a_parameter() -> None:
    text = """
    block Mix(width, wide) {
      [N, C]
      inner = 4 * width if wide else 2 * width
      up: Linear(inner) -> down: Linear(C) -> out: Linear(max(width, 6) + 1)
    }
    model M { input x: float[N, 5]; a: Mix(8, true) -> b: Mix(4, false) -> c: Mix(6, true) }
    """
    model = nnspec.loads(text)
    assert "nn.Linear(in_features, max(width, 6) + 1)" in model.torch_source()
    shapes = {name: tuple(weight.shape) for name, weight in model.to_torch().state_dict().items()}
    assert (shapes["a.up.weight"], shapes["b.up.weight"], shapes["c.up.weight"]) == ((32, 5), (8, 9), (24, 7))
    assert (shapes["a.out.weight"], shapes["b.out.weight"]) == ((9, 5), (7, 9))


def test_a_name_that_stands_for_one_size_after_the_other_is_written_as_what_it_is() -> None:
    text = """
    block Steps(width) {
      [N, C]
      for i in 1..3 { [N, K]; "step.{i}": Linear(K + width) }
      C2 = 2 * C
      last: Linear(C2 + 1)
    }
    model M { input x: float[N, 5]; steps: Steps(3) }
    """
    model = nnspec.loads(text)
    shapes = [tuple(weight.shape) for name, weight in model.to_torch().state_dict().items() if "weight" in name]
    assert shapes == [(8, 5), (11, 8), (14, 11), (11, 14)]
    assert "nn.Linear(in_features + 3 * width, 2 * in_features + 1)" in model.torch_source()


def test_what_is_the_same_at_every_place_is_a_default() -> None:
    text = """
    block Conv(channels, groups, slope) {
      conv: Conv2d(channels, 3, padding = 1) -> norm: GroupNorm(groups) -> LeakyReLU(slope)
    }
    model M(groups = 2) {
      input x: float[N, 3, 8, 8]
      a: Conv(4, groups, 0.1) -> b: Conv(6, groups, 0.1) -> c: Conv(8, groups, 0.1)
    }
    """
    source = nnspec.loads(text).torch_source()
    assert "def __init__(self, in_channels, channels, groups=2, slope=0.1):" in source
    assert "self.b = Conv(4, 6)" in source
    assert "F.leaky_relu(self.norm(self.conv(x)), self.slope)" in source


def test_buffers_and_weights_of_sizes_make_no_further_classes() -> None:
    text = """
    block Scale(start) {
      [N, C]
      weight = Parameter([C], init = start)
      shift = Buffer(zeros([C]))
      _ * weight + shift
    }
    model M { input x: float[N, 5]; a: Scale(0.5) -> Linear(7) -> b: Scale(0.5) }
    """
    source = nnspec.loads(text).torch_source()
    assert source.count("class ") == 2
    assert "nn.Buffer(torch.zeros(in_features))" in source
    assert "nn.Parameter(torch.full((in_features,), " in source


def test_comments_tell_shapes_that_are_those_of_every_use() -> None:
    text = """
    block Heads(heads) {
      [N, T, D]
      _ -> Linear(D) -> Rearrange("n t (h d) -> n h t d", h = heads) -> turned: LayerNorm
    }
    block Halve { Conv2d(4, 3, stride = 2) }
    model M {
      input x: float[N, T, 8]
      input image: float[N, 3, H, 9]
      output one = x -> a: Heads(2)
      output two = x -> Linear(16) -> b: Heads(4)
      output three = image -> halve: Halve
    }
    """
    source = nnspec.loads(text).torch_source()
    assert "# [N, heads, T, 4]" in source
    assert "three = self.halve(image)  # [N, 4, (H - 1)//2, 4]" in source


def test_weights_start_in_a_line_of_their_own() -> None:
    text = 'model M { input x: float[N, 5]; a: Linear(3, weight_init = ["normal", 0.0, 0.5], bias_init = 0) }'
    model = nnspec.loads(text)
    assert "nn.init.normal_(self.a.weight, std=0.5)" in model.torch_source()
    assert "initialise" not in model.torch_source()
    assert not model.to_torch().a.bias.any()


@pytest.mark.parametrize(
    ("text", "known", "expected"),
    [
        ("width * 64 // 64 * 1", {}, "width"),
        ("(n * D)", {"n": "2"}, "2 * D"),
        ("2 * i * D", {"i": "3"}, "6 * D"),
        ("D // heads", {"D": "2 * width"}, "2 * width // heads"),
        ("a * b", {"a": "x + y"}, "(x + y) * b"),
        ("sqrt(D) * 2", {}, "2 * math.sqrt(D)"),
        ("-(D - 1)", {}, "-(D - 1)"),
    ],
)
def test_texts_are_as_short_as_they_become(text: str, known: dict[str, str], expected: str) -> None:
    assert formula.written(text, known) == expected
    given = {"width": 48, "n": 2, "D": 30, "i": 3, "heads": 4, "a": 7, "b": 5, "x": 3, "y": 4}
    if "D" not in known:
        assert formula.value(expected, given) == formula.value(text, given)


def test_what_several_layers_are_given_is_computed_once() -> None:
    text = """
    block Head(classes) {
      [N, D]
      inner = max(D // 2, min(classes, 9))
      Linear(inner) -> ReLU -> Linear(inner) -> ReLU -> Linear(classes)
    }
    model M { input x: float[N, 8]; head: Head(3) }
    """
    model = nnspec.loads(text)
    source = model.torch_source()
    assert "hidden = max(in_features // 2, min(classes, 9))" in source
    assert source.count("max(") == 1
    assert "nn.Linear(hidden, hidden)" in source
    assert [tuple(each.shape) for each in model.to_torch().parameters()] == [(4, 8), (4,), (4, 4), (4,), (3, 4), (3,)]
