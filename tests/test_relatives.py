"""Relatives of six specs that read right and computed something else: each is refused, told of, or computes as it reads.

The six are a forgotten flow, the results of a step taken for a list, a shared layer in a loop, dead weights, habits of
torch, and optional inputs that come another time. Each has its relatives in blocks, loops, groups, training and recipes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import nn

import nnspec
from nnspec.diagnostics import SpecError

BLOCKS = """
block Unit(width = 8) { [..., D]; fc: Linear(width) }
block Pair { [..., D]; output a = _ -> one: Linear(D); output b = _ -> two: Linear(D) }
block Sum: a, b { a + b }
block Masked: x, m? { x -> fc: Linear(8); if m != none { _ * m } }
block Apply(step) { step -> ReLU }
block Scaled(scale) { _ * scale }
"""
Meant = Callable[..., torch.Tensor]


def codes(body: str, inputs: str = "input x: float[N, 8]", rest: str = "") -> list[str]:
    """The codes of what is said of a model with this body, and of its recipe."""
    try:
        model = nnspec.loads(f"{BLOCKS}\nmodel M {{\n  {inputs}\n  {body}\n}}\n{rest}")
        return [each.diagnostic.code for each in (*model.found, *model.check())]
    except SpecError as error:
        return [each.diagnostic.code for each in error.found]


def computes(body: str, meant: Meant, *given: torch.Tensor, inputs: str = "input x: float[N, 8]") -> bool:
    """Whether a model with this body computes what `meant` makes of its modules by name and of what it is given."""
    module = nnspec.loads(f"{BLOCKS}\nmodel M {{\n  {inputs}\n  {body}\n}}\n").to_torch().eval()
    found = module(*given)
    expected = meant(module, *given)
    return torch.allclose(found, expected, atol=1e-6)


# --- a forgotten flow: meant to feed the line below, which goes on from what came before

RECIPE = "train { data = iris; epochs = 1; LINE; loss = cross_entropy(logits, label) }"
FORGOTTEN: Sequence[tuple[str, str]] = [
    ("p = a: Linear(8)\n  Linear(8)\n  output y = p", "E0232"),
    ('p = "model.4": Linear(8)\n  Linear(8)\n  output y = p', "E0232"),
    ("p = Linear(8)\n  Linear(8)\n  output y = p", "E0246"),
    ("h = Linear(8)\n  h = ReLU\n  h = Linear(8)", "E0247"),
    ("for i in 1..2 { h = Linear(8) }\n  Tanh", "E0247"),
    ("for i in 1..2 { h = a: Linear(8); ReLU }", "E0232"),
    ("g: { h = Linear(8); Tanh }", "E0247"),
    ("residual { h = Linear(8) -> ReLU; Tanh }", "E0232"),
    ("concat { h = Unit(4); _ }", "E0247"),
    ("training { aux = Unit(3) -> Tanh }", "E0232"),
    ("q = Linear(8); k = Linear(8)\n  output y = (q, k) -> Sum", "E0246"),
    ("if true { h = Linear(8) } else { h = Unit }\n  ReLU\n  output y = h", "E0246"),
    ("h = Linear(8) if true else Unit\n  ReLU\n  h -> Tanh", "E0246"),
    ("h = 2 x Linear(8)\n  Tanh", "E0232"),
    ("x = x -> Linear(8)\n  ReLU", "W0225"),
    ("output y = head: Linear(3)\n  Softmax(1)", "E0248"),
    ("output y = Linear(3)\n  output z = Linear(4)", "E0248"),
    ("output y = { Linear(3) }\n  output z = _ -> Linear(4)", "E0248"),
    ("if true { output y = Linear(3) }\n  ReLU", "E0248"),
]


@pytest.mark.parametrize(("body", "code"), FORGOTTEN)
def test_a_flow_is_not_forgotten_in_silence(body: str, code: str) -> None:
    assert code in codes(body)


@pytest.mark.parametrize("line", ["sure = Linear(3)", "sure = softmax(dim = 1)", "sure = Unit -> Tanh"])
def test_nor_in_a_recipe(line: str) -> None:
    assert codes("output logits = Linear(3)", "input features: float[N, 4]", RECIPE.replace("LINE", line))


# --- results taken for a list of samples, or for one value

x2 = torch.randn(3, 8)
HALVES = "parts = _ -> Split(2)"
RESULTS: Sequence[tuple[str, Meant]] = [
    (f"{HALVES}\n  output y = parts[0] + parts[1]", lambda m, x: x[:, :4] + x[:, 4:]),
    (f"{HALVES}\n  output y = parts[-1]", lambda m, x: x[:, 4:]),
    (f"{HALVES}\n  output y = parts[0][:, 1]", lambda m, x: x[:, 1]),
    ("a, b = _ -> Split(2)\n  output y = b - a", lambda m, x: x[:, 4:] - x[:, :4]),
    ("Split(2) -> Sum", lambda m, x: x[:, :4] + x[:, 4:]),
    (f"{HALVES}\n  output y = parts -> Sum", lambda m, x: x[:, :4] + x[:, 4:]),
    (f"{HALVES}\n  for part in parts {{ part -> Tanh }}\n  _", lambda m, x: x[:, 4:].tanh()),
    (f"{HALVES}\n  concat {{ parts[1]; parts[0] }}", lambda m, x: torch.cat([x[:, 4:], x[:, :4]], 1)),
    ("p: Pair\n  output y = p[0]", lambda m, x: m.p.one(x) if hasattr(m, "p") else x),
    ("p: Pair\n  output y = p.a + p[1]", lambda m, x: m.p.one(x) + m.p.two(x)),
    ("Pair -> Sum", lambda m, x: next(m.children()).one(x) + next(m.children()).two(x)),
    ("best = topk(x, 2)\n  output y = best[0, ...]", lambda m, x: x.topk(2).values[0]),
    ("best = topk(x, 2)\n  output y = best", lambda m, x: x.topk(2).values),
    ("g: { Split(2) }\n  output y = g[1]", lambda m, x: x[:, 4:]),
]


@pytest.mark.parametrize(("body", "meant"), RESULTS)
def test_results_are_what_they_read_as(body: str, meant: Meant) -> None:
    assert computes(body, meant, x2)


@pytest.mark.parametrize(
    "use",
    ["parts = Split(2)\n  output y = parts[0]", f"{HALVES}\n  output y = parts", f"{HALVES}\n  parts + 1",
     f"{HALVES}\n  parts -> Linear(3)", f"{HALVES}\n  parts[2]", f"{HALVES}\n  parts[0, 1]", f"{HALVES}\n  parts[:, 0]",
     f"{HALVES}\n  relu(parts)", "Split(2) -> ReLU", "Split(2)[0] -> ReLU", "Pair -> Linear(3)",
     "a, b, c = _ -> Split(2)\n  a", "residual { Split(2) }", "best = topk(x, 2)\n  output y = best[0]", "r: LSTM(4)\n  output y = r[0]"],
)  # fmt: skip
def test_several_results_where_one_is_needed_are_refused(use: str) -> None:
    assert [code[0] for code in codes(use)] == ["E"]


# --- a shared layer in a loop

SHARED: Sequence[tuple[str, Meant]] = [
    ("l: Unit\n  for i in 2..4 { _ -> l }", lambda m, x: m.l(m.l(m.l(m.l(x))))),
    ("l: Unit\n  3 x l", lambda m, x: m.l(m.l(m.l(m.l(x))))),
    ('"l.0": Unit\n  for i in 1..2 { _ -> "l.0" }', lambda m, x: m.l[0](m.l[0](m.l[0](x)))),
    ('l.0: Unit -> l.1: Unit\n  for i in 0..1 { _ -> "l.{i}" }', lambda m, x: m.l[1](m.l[0](m.l[1](m.l[0](x))))),
    ("l: Unit\n  for i in 1..2 { _ -> l -> Tanh }", lambda m, x: m.l(m.l(m.l(x)).tanh()).tanh()),
    ("l: Unit\n  for i in 1..2 { residual { _ -> l } }", lambda m, x: (y := m.l(x)) + m.l(y) + m.l(y + m.l(y))),
    ("g: { l: Unit; for i in 1..2 { _ -> l } }", lambda m, x: m.g.l(m.g.l(m.g.l(x)))),
    ("l: Unit\n  h = x\n  for i in 1..2 { h = h -> l }\n  h", lambda m, x: m.l(m.l(x))),
]


@pytest.mark.parametrize(("body", "meant"), SHARED)
def test_a_shared_layer_is_applied_each_time(body: str, meant: Meant) -> None:
    assert "W0225" in codes(body) or codes(body) == []
    assert computes(body, meant, x2)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("l: Unit\n  for i in 2..4 { l }", "E0234"),
        ("l: Unit\n  for i in 2..4 { l -> Tanh }", "W0250"),
        ("l: Unit\n  for i in 2..4 { x -> l }", "W0250"),
        ("l: Unit\n  for i in 2..4 { g: { l } }", "E0234"),
        ('"l.0": Unit\n  for i in 1..2 { "l.0" }', "E0234"),
        ("l = Unit\n  for i in 2..4 { l }", "E0246"),
        ("l: { Linear(8) }\n  for i in 2..4 { _ -> l }", "E0220"),
        ("l: Unit(4)\n  for i in 2..4 { _ -> l }", "E0223"),
        ("g: { l: Unit }\n  for i in 2..4 { _ -> g.l }", "E0220"),
        ("n = 0\n  for i in 1..2 { g: { n = n + 1; Linear(n) } }\n  Linear(n)", "E0250"),
        ('n = 0\n  for i in 1..2 { "g{i}": { n = n + 1; Linear(n) } }', "E0250"),
    ],
)
def test_what_a_loop_would_not_do_is_told(body: str, code: str) -> None:
    assert code in codes(body)


# --- weights that do nothing


@pytest.mark.parametrize(
    "body",
    ["dead = _ + (_ -> b: Linear(8))\n  output y = _ -> Linear(2)", "h = x -> Linear(8)\n  h = x -> Linear(8)\n  h",
     "a: Linear(8)\n  x -> Linear(8)", "g: { d = _ -> Linear(8); Tanh }", "p: Pair\n  output y = p.a",
     "for i in 1..2 { d = _ -> \"d{i}\": Linear(8) }\n  Tanh", "residual { d = _ -> Linear(8) -> Tanh; ReLU }",
     "concat { x -> Linear(2); _ } -> Tanh\n  x -> ReLU", "training { Unit -> Tanh }\n  Tanh", "d = Parameter([8])\n  Tanh",
     "if true { d = _ -> Unit }\n  Tanh", "a = x -> Masked(m = x)\n  Tanh"],
)  # fmt: skip
def test_weights_that_do_nothing_are_told(body: str) -> None:
    assert "W0225" in codes(body)


# --- habits of torch


@pytest.mark.parametrize(
    ("body", "input"),
    [
        ("conv = nn.Conv2d(3, 8, 3)\n  y = conv(x)", "float[N, 3, 8, 8]"),
        ("conv = Conv2d(3, 8, 3)\n  output y = conv(x)", "float[N, 3, 8, 8]"),
        ("BatchNorm2d(3) -> ReLU", "float[N, 3, 8, 8]"),
        ("concat { BatchNorm2d(3); _ }", "float[N, 3, 8, 8]"),
        ("2 x Linear(8, 8)", "float[N, 8]"),
        ("unit = Linear(8, 8)\n  _ -> unit", "float[N, 8]"),
        ("for width in [8, 8] { Linear(8, width) }", "float[N, 8]"),
        ("rnn: GRU(8, 16, 2)", "float[T, N, 8]"),
        ("Conv2d(8, 3, activation = \"relu\")", "float[N, 3, 8, 8]"),
        ("x = Flatten()(x)\n  x = Linear(10)(x)\n  x.view(1, 10)", "float[N, 3, 8, 8]"),
        ("GroupNorm(1, 3, 1e-3)", "float[N, 3, 8, 8]"),
        ("LayerNorm(8)", "float[N, 8]"),
        ("fc: Linear(8)\n  y = fc(x)", "float[N, 8]"),
        ("w = Parameter([8])\n  Scaled(w)", "float[N, 8]"),
        ("Apply(x)", "float[N, 8]"),
        ("output y = softmax(Linear(10)(x), dim = 1)", "float[N, 8]"),
        ("q = Linear(8)\n  Attention(query = q, key = x, value = x)", "float[N, 4, 8]"),
        ("q = Linear(8)\n  Concat(q, x)", "float[N, 8]"),
    ],
)  # fmt: skip
def test_habits_of_torch_are_refused(body: str, input: str) -> None:
    assert codes(body, f"input x: {input}")[0].startswith("E")


@pytest.mark.parametrize(
    ("body", "input", "shape"),
    [
        ("x = Flatten()(x)\n  output y = Linear(10)(x)", "float[N, 3, 8, 8]", (2, 10)),
        ("conv = Conv2d(8, 3)\n  x = conv(x)\n  x = relu(x)\n  output y = x", "float[N, 3, 8, 8]", (2, 8, 6, 6)),
    ],
)  # fmt: skip
def test_calls_as_in_keras_mean_what_they_read_as(body: str, input: str, shape: tuple[int, ...]) -> None:
    module = nnspec.loads(f"model M {{\n  input x: {input}\n  {body}\n}}").to_torch()
    given = torch.randn(2, *shape[1:1], *([3, 8, 8] if "3" in input else [8]))
    assert tuple(module(given).shape) == shape
    assert any(isinstance(each, (nn.Linear, nn.Conv2d)) for each in module.modules())


# --- inputs that come another time

TWO = "input x: float[N, 8]\n  input m: float[N, 8]"
AGAIN: Sequence[tuple[str, Meant]] = [
    ("a: Masked(m = m)\n  _ -> a", lambda s, x, m: s.a.fc(s.a.fc(x) * m)),
    ("a: Masked\n  (_, m = m) -> a", lambda s, x, m: s.a.fc(s.a.fc(x)) * m),
    ("(x, m) -> a: Masked\n  2 x a", lambda s, x, m: s.a.fc(s.a.fc(s.a.fc(x) * m))),
    ("x -> a: Masked\n  for i in 1..2 { (_, m = m) -> a }", lambda s, x, m: s.a.fc(s.a.fc(s.a.fc(x)) * m) * m),
    ("g: { (x, m = m) -> a: Masked; _ -> a }", lambda s, x, m: s.g.a.fc(s.g.a.fc(x) * m)),
    ("residual { a: Masked -> Tanh }\n  (_, m = m) -> a", lambda s, x, m: s.a.fc(x + s.a.fc(x).tanh()) * m),
    ("a: Masked\n  q = none\n  (_, m = q) -> a", lambda s, x, m: s.a.fc(s.a.fc(x))),
    ("a: MultiheadAttention(2)\n  (_, attn_mask = zeros([8, 8])) -> a\n  _ + m", lambda s, x, m: m + x * 0),
]


@pytest.mark.parametrize(("body", "meant"), AGAIN[:-1])
def test_a_layer_is_applied_again_with_other_inputs(body: str, meant: Meant) -> None:
    m = torch.randn(3, 8)
    assert computes(body, meant, x2, m, inputs=TWO)


@pytest.mark.parametrize(
    "body",
    ["a: Masked\n  (_, n = m) -> a", "a: Masked\n  (m = m) -> a", "a: Masked\n  a(m = m)", "a: Masked(q = m)",
     "a: Linear(8)\n  (_, m = m) -> a", "a: Masked\n  (_, m = 3) -> a", "a: Masked(m = Linear(8))"],
)  # fmt: skip
def test_inputs_that_nothing_takes_are_refused(body: str) -> None:
    assert codes(body, TWO)[0].startswith("E")


@pytest.mark.parametrize(
    "merge", ["add { _; Linear(1) }", "residual { Linear(1) }", "residual { _ } skip { Linear(1) }"]
)
def test_only_a_plus_between_values_stretches_what_it_adds(merge: str) -> None:
    assert codes(merge) == ["E0203"]
    assert codes("_ + (_ -> Linear(1))") == codes("multiply { _; Linear(1) }") == []
