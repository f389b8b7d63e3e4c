"""Mixtures of experts: numbers beside a loop over tokens, counts, and what else must know that not all are computed."""

from __future__ import annotations

import json

import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

import nnspec
from nnspec.ir.verify import UnsoundProgram, verify

EXPERT = """
block Expert(hidden) {
  [_, D]
  multiply { w1: Linear(hidden) -> SiLU ; w3: Linear(hidden, bias = false) }
  w2: Linear(D, bias = false)
}
"""
CHOICE = "best = x -> gate: Linear(5, bias = false) -> softmax(dim = -1) -> TopK(2)"
CHOSEN = (
    EXPERT
    + """
model Chosen {
  input x: float[N, T, 6]
  input chosen: int[N, T, 2]
  input weights: float[N, T, 2]
  output y = (x, chosen, weights) -> experts: Mixture(5, Expert(4))
}
"""
)


def by_token(experts: nn.ModuleList, x: torch.Tensor, chosen: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """A mixture, one token and one expert after the other."""
    tokens, numbers, amounts = (each.flatten(0, -2) for each in (x, chosen, weights))
    rows = [
        sum(amount * experts[int(number)](token[None])[0] for number, amount in zip(own, each, strict=True))
        for token, own, each in zip(tokens, numbers, amounts, strict=True)
    ]
    return torch.stack(rows).reshape(x.shape)  # type: ignore[arg-type]


def given(samples: int, length: int, experts: int = 5) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Tokens, two experts for each, and their weights."""
    random = torch.Generator().manual_seed(samples * length)
    x = torch.randn(samples, length, 6, generator=random)
    chosen = torch.rand(samples, length, experts, generator=random).topk(2).indices
    return x, chosen, torch.randn(samples, length, 2, generator=random)


@pytest.fixture
def module() -> nn.Module:
    torch.manual_seed(3)
    return nnspec.loads(CHOSEN).to_torch()


def session(model: nnspec.Model, module: nn.Module, path: str, **options: object) -> ort.InferenceSession:
    """A mixture in onnxruntime, with the weights of a module."""
    weights = {key: tensor.detach().numpy() for key, tensor in module.state_dict().items()}
    model.export_onnx(path, weights=weights, **options)  # type: ignore[arg-type]
    return ort.InferenceSession(path, providers=["CPUExecutionProvider"])


def run(opened: ort.InferenceSession, *inputs: torch.Tensor) -> torch.Tensor:
    """The output for some inputs."""
    names = [each.name for each in opened.get_inputs()]
    return torch.from_numpy(opened.run(None, dict(zip(names, (x.numpy() for x in inputs), strict=True)))[0])


def test_pytorch_gives_what_a_loop_over_tokens_does_with_its_gradients(module):
    x, chosen, weights = given(2, 7)
    module, x, weights = module.double(), x.double().requires_grad_(), weights.double().requires_grad_()
    read = [x, weights, *module.parameters()]
    ours, wanted = module(x, chosen, weights), by_token(module.experts, x, chosen, weights)
    torch.testing.assert_close(ours, wanted)
    direction = torch.randn_like(ours)
    for one, other in zip(
        torch.autograd.grad(ours, read, direction), torch.autograd.grad(wanted, read, direction), strict=True
    ):
        torch.testing.assert_close(one, other)


def test_experts_without_tokens_are_not_computed_and_their_gradient_is_zero(module):
    computed = []
    for index, expert in enumerate(module.experts):
        expert.register_forward_hook(lambda _, inputs, result, index=index: computed.append((index, len(result))))
    x, _, weights = given(1, 3)
    chosen = torch.tensor([[[4, 1], [1, 4], [4, 1]]])
    with torch.no_grad():
        module(x, chosen, weights)
    assert computed == [(1, 3), (4, 3)]
    module(x, chosen, weights).sum().backward()
    assert [bool(expert.w1.weight.grad.any()) for expert in module.experts] == [False, True, False, False, True]


@pytest.mark.parametrize("functions", [False, True])
def test_onnxruntime_gives_what_pytorch_does_for_any_number_of_tokens(module, tmp_path, functions):
    opened = session(nnspec.loads(CHOSEN), module, str(tmp_path / "m.onnx"), functions=functions)
    for samples, length in ((2, 7), (1, 1), (3, 40), (1, 0)):
        inputs = given(samples, length)
        with torch.no_grad():
            torch.testing.assert_close(run(opened, *inputs), module(*inputs), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["float16", "bfloat16", "int8"])
def test_other_precisions_round_the_experts_alone(module, tmp_path, precision):
    opened = session(nnspec.loads(CHOSEN), module, str(tmp_path / "m.onnx"), precision=precision)
    inputs = given(2, 9)
    with torch.no_grad():
        torch.testing.assert_close(run(opened, *inputs), module(*inputs), rtol=0.02, atol=0.02)


@pytest.mark.parametrize("number", [5, 6, -1])
def test_a_number_that_is_no_experts_fails_in_both(module, tmp_path, number):
    opened = session(nnspec.loads(CHOSEN), module, str(tmp_path / "m.onnx"))
    x, chosen, weights = given(1, 2)
    chosen[0, 1, 0] = number
    with pytest.raises((ValueError, RuntimeError)):
        module(x, chosen, weights)
    with pytest.raises(Exception, match="ScatterElements"):
        run(opened, x, chosen, weights)


def test_total_and_active_parameters_and_multiply_accumulates_are_told():
    text = (
        EXPERT + f"block Layer {{ x = _; {CHOICE}\n x + ((x, best.indices, best) -> experts: Mixture(5, Expert(4))) }}"
    )
    summary = nnspec.loads(text + "\nmodel M { input x: float[N, T, 6]; layers: 3 x Layer; fc: Linear(2) }").summary()
    gate, expert, last = 6 * 5, 6 * 4 + 4 + 6 * 4 + 4 * 6, 6 * 2 + 2
    assert summary.parameters == 3 * (gate + 5 * expert) + last
    assert summary.active == 3 * (gate + 2 * expert) + last
    assert str(summary.macs) == f"{3 * (gate + 2 * (expert - 4)) + last - 2}*T"
    assert f"Active parameters     {summary.active:,}, for one token" in str(summary)
    form = json.loads(summary.to_json())
    assert form["active"] == summary.active
    (row,) = [row for row in form["rows"] if row["kind"] == "Expert"]
    assert (row["path"], row["count"], row["chosen"], row["parameters"]) == ("layers.0.experts.0", 5, 2, 5 * expert)
    assert "experts: 2 of 5 x Expert" in str(summary)
    assert "Active" not in str(nnspec.loads("model D { input x: float[N, 6]; Linear(2) }").summary())


def test_the_samples_of_a_batch_are_proven_to_stay_apart():
    model = nnspec.loads(CHOSEN)
    assert model.summary(batch=4).batch_symbol == "N"
    flat = CHOSEN.replace("[N, T, ", "[T, ")
    assert nnspec.loads(flat).summary().batch_symbol == "T"


def test_mixtures_stand_anywhere_a_step_does(tmp_path):
    text = (
        EXPERT
        + f"""
    block Named: rows, more? {{ rows -> Linear(6) }}
    block Inner {{ x = _; best = x -> gate: Linear(3) -> TopK(1); (x, best.indices, best) -> Mixture(3, Expert(2)) }}
    model M {{
      input x: float[N, T, 6]
      {CHOICE}
      (x, best.indices, best) -> 2 x Mixture(5, Expert(4))
      (_, best.indices, best) -> Mixture(5, Named)
      a = _
      (a, best.indices, best) -> Mixture(5, Inner)
      (_, argmax(a -> near: Linear(1), dim = -1, keepdim = true), a[..., :1]) -> one: Mixture(1, Expert(2))
      output y = _
    }}"""
    )
    model = nnspec.loads(text)
    assert nnspec.from_json(model.to_json()).program == model.program
    module = model.to_torch()
    opened = session(model, module, str(tmp_path / "m.onnx"))
    x = given(2, 5)[0]
    with torch.no_grad():
        torch.testing.assert_close(run(opened, x), module(x), rtol=1e-4, atol=1e-5)
    assert "one.0.w2.weight" in module.state_dict()


def test_a_scan_may_choose_experts_at_each_step(tmp_path):
    text = (
        EXPERT
        + f"""
    block Step: x, h {{ {CHOICE}; output h = h + ((x, best.indices, best) -> experts: Mixture(5, Expert(4))) }}
    model M {{ input x: float[T, N, 6]; (each x, carry h = zeros([N, 6])) -> loop: scan Step; output y = _ }}"""
    )
    model = nnspec.loads(text)
    module, x = model.to_torch(), given(3, 2)[0]
    with torch.no_grad():
        torch.testing.assert_close(run(session(model, module, str(tmp_path / "m.onnx")), x), module(x))


def test_a_recurrent_expert_is_refused_in_onnx_where_it_would_end_the_process(tmp_path):
    block = """
    block Expert { [rows, D]; Rearrange("r (t d) -> r t d", t = 2) -> GRU(3, batch_first = true) -> Flatten }"""
    model = nnspec.loads(CHOSEN.replace(EXPERT, block).replace("Expert(4)", "Expert"))
    assert model.to_torch()(*given(1, 3)).shape == (1, 3, 6)
    with pytest.raises(nnspec.SpecError, match="GRU cannot be exported to ONNX here: it is in an expert"):
        model.export_onnx(tmp_path / "m.onnx")


def test_rows_are_counted_where_an_expert_computes_with_their_number(module, tmp_path):
    block = "block Expert { [rows, D]; _[:, none] -> Expand([rows, 2, D]) -> Mean(dim = 1) -> [rows, D] }"
    model = nnspec.loads(CHOSEN.replace(EXPERT, block).replace("Expert(4)", "Expert"))
    inputs = given(2, 3)
    torch.testing.assert_close(run(session(model, model.to_torch(), str(tmp_path / "m.onnx")), *inputs),
                               model.to_torch()(*inputs), rtol=1e-4, atol=1e-5)  # fmt: skip


def test_experts_may_share_a_weight(tmp_path):
    text = """
    block Expert(table) { [_, D]; up: Linear(4, weight = table) -> ReLU -> down: Linear(D) }
    model M {
      input x: float[N, T, 6]
      table = Parameter([4, 6])
      best = x -> gate: Linear(3) -> TopK(2)
      output y = (x, best.indices, best) -> experts: Mixture(3, Expert(table = table))
    }"""
    model = nnspec.loads(text)
    assert model.summary().parameters == 4 * 6 + (6 * 3 + 3) + 3 * (4 + 4 * 6 + 6)
    assert model.summary().active == 4 * 6 + (6 * 3 + 3) + 2 * (4 + 4 * 6 + 6)
    module = model.to_torch()
    assert module.experts[0].up.weight is module.experts[2].up.weight
    x = given(1, 4)[0]
    with torch.no_grad():
        torch.testing.assert_close(run(session(model, module, str(tmp_path / "m.onnx")), x), module(x))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"count": 1}, "a token takes 2 of 1 experts"),
        ({"inputs": ("tokens", "weights", "weights")}, "chosen must be int"),
        ({"inputs": ("tokens", "chosen")}, "takes tokens, their experts and the weights of these"),
        ({"routed": False}, "takes"),
    ],
)
def test_a_program_of_elsewhere_is_held_to_what_a_mixture_takes(change, reason):
    program = nnspec.loads(CHOSEN).program
    module = program.modules["Mixture"]
    call = module.calls[0].model_copy(update=change)
    changed = {**program.modules, "Mixture": module.model_copy(update={"calls": (call,)})}
    with pytest.raises(UnsoundProgram, match=reason):
        verify(program.model_copy(update={"modules": changed}))


TRAINED = (
    EXPERT
    + """
model M {
  input features: float[N, 4]
  best = features -> gate: Linear(5, bias = false) -> softmax(dim = -1) -> TopK(2)
  (features, best.indices, best) -> experts: Mixture(5, Expert(4))
  output y = head: Linear(3)
}
train {
  data      = iris
  loss      = cross_entropy(y, label)
  optimizer = AdamW(lr = 0.01)
  freeze    = [experts.1]
  epochs    = 2
  batch     = 24
}
"""
)


def test_a_mixture_is_trained_in_parts_as_a_whole_and_experts_can_be_frozen(tmp_path):
    model = nnspec.loads(TRAINED)
    whole, parts = (model.train(runs=tmp_path, quiet=True, accumulate=number) for number in (1, 5))
    one, other = load_file(whole.last_weights), load_file(parts.last_weights)
    torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)
    torch.manual_seed(0)
    before = model.to_torch().state_dict()
    moved = {key for key in one if not torch.equal(one[key], before[key])}
    assert moved == {key for key in before if not key.startswith("experts.1.")}
