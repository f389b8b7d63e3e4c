"""Attention and rotary positions as published models have them, against numbers that transformers gave.

`data/attention_of_transformers.json` holds them: what the functions of Gemma 2, gpt-oss, BLOOM and MPT make of the
waves below, and the frequencies of `ROPE_INIT_FUNCTIONS`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import onnxruntime
import pytest
import torch

import nnspec
from nnspec.diagnostics import SpecError
from nnspec.layers.alibi import alibi_slopes
from nnspec.to_onnx.choices import DEFAULT_CHOICES, Choices
from nnspec.to_onnx.export import export_model

DATA = json.loads((Path(__file__).parent / "data" / "attention_of_transformers.json").read_text())
SINKS = [0.5, -1.0, 2.0, 0.0, 1.0, -0.5]
HEADS = "input q: float[N, 6, T, 4]\ninput k: float[N, 3, S, 4]\ninput v: float[N, 3, S, 2]\n"


def run(text: str, *inputs: torch.Tensor, choices: Choices = DEFAULT_CHOICES) -> tuple[torch.Tensor, torch.Tensor]:
    """The result in PyTorch, and that in onnxruntime."""
    made = nnspec.loads(f"model M {{\n{text}\n}}")
    with torch.no_grad():
        found = made.to_torch().eval()(*inputs)
    proto = export_model(made.program, {}, choices=choices)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_inputs()]
    given = {name: value.numpy() for name, value in zip(names, inputs, strict=True)}
    return found, torch.from_numpy(session.run(None, given)[0])


def waves(*shape: int) -> torch.Tensor:
    return torch.sin(torch.arange(math.prod(shape), dtype=torch.float64) * 1.7 + 0.3).reshape(shape).float()


def operands() -> tuple[torch.Tensor, ...]:
    return waves(1, 6, 5, 4) * 2, waves(1, 3, 5, 4) * 3, waves(1, 3, 5, 2)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("cap", "cap = 2.0"),
        ("sinks", "sinks = s"),
        ("bloom", "alibi = true"),
        ("mpt", "alibi = true"),
    ],
)
def test_scores_are_those_of_the_published_model(name: str, options: str) -> None:
    further = ("input s: float[6]\n", [torch.tensor(SINKS)]) if name == "sinks" else ("", [])
    text = f"{HEADS}{further[0]}attention(q, k, v, causal = true, {options})"
    for found in run(text, *operands(), *further[1]):
        wanted = torch.tensor(DATA[name]).reshape(1, 5, 6, 2).transpose(1, 2)
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


def test_slopes_of_heads_that_are_no_power_of_2_lie_between_those_of_the_next_lower_power() -> None:
    assert alibi_slopes(4) == (2**-2, 2**-4, 2**-6, 2**-8)
    assert alibi_slopes(6) == (2**-2, 2**-4, 2**-6, 2**-8, 2**-1, 2**-3)
    assert len(alibi_slopes(71)) == 71
    assert len(set(alibi_slopes(112))) == 112


def test_a_query_that_sees_no_key_gives_zeros_under_a_cap_and_has_no_gradient() -> None:
    made = nnspec.loads(
        "model M {\ninput q: float[N, 2, T, 4]\ninput m: bool[T, T]\nattention(q, q, q, m, cap = 1.0)\n}"
    )
    q, mask = waves(1, 2, 3, 4).requires_grad_(), torch.tensor([[True, True, False], [False] * 3, [True] * 3])
    found = made.to_torch()(q, mask)
    found.sum().backward()
    assert not found[:, :, 1].any()
    assert q.grad is not None and q.grad.isfinite().all()


def test_one_operator_for_attention_takes_distances_and_leaves_caps_and_sinks_to_others() -> None:
    whole = Choices(target="cuda")
    for options in ("alibi = true", "alibi = true, cap = 3.0, window = 3"):
        torch.testing.assert_close(
            *run(f"{HEADS}attention(q, k, v, causal = true, {options})", *operands(), choices=whole)
        )


def spelled(case: dict[str, Any]) -> str:
    """A recorded case as it is written in a spec."""
    given = dict(case["arguments"])
    share = given.pop("partial_rotary_factor", 1.0)
    if "original_max_position_embeddings" in given:
        given["original_length"] = given.pop("original_max_position_embeddings")
    if case["scaling"] == "dynamic":
        given["original_length"] = case["maximum"]
    given |= {"base": case["base"], "scaling": case["scaling"]}
    given |= {"rotary_dim": int(case["dim"] * share)} if share != 1 else {}
    return ", ".join(f"{name} = {json.dumps(value)}" for name, value in given.items())


@pytest.mark.parametrize("case", DATA["rotations"], ids=lambda case: f"{case['scaling']} {case['length']}")
def test_frequencies_are_those_of_transformers(case: dict[str, Any]) -> None:
    """A pair (1, 0) at position 1 becomes the cosine and the sine of its frequency; the last position is the length."""
    pairs = len(case["frequencies"])
    x = torch.cat((torch.ones(2, pairs), torch.zeros(2, case["dim"] - pairs)), -1)
    positions = torch.tensor([1, (case["length"] or 9) - 1])
    for found in run(f"input x: float[T, {case['dim']}]\ninput p: int[T]\nrotary(x, p, {spelled(case)})", x, positions):
        cosine, sine = found[0, :pairs], found[0, pairs : 2 * pairs]
        torch.testing.assert_close(torch.atan2(sine, cosine), torch.tensor(case["frequencies"]), rtol=1e-5, atol=1e-7)
        factor = torch.full((pairs,), case["attention_factor"])
        torch.testing.assert_close(torch.hypot(sine, cosine), factor, rtol=1e-5, atol=0)


BY_LENGTH = """
model M(context = 64) {{
  input tokens: int[N, T <= context]
  embed: Embedding(11, 8)
  heads = _ -> Rearrange("n t (h d) -> n h t d", h = 2)
  turned = rotary(heads, {scaling}, original_length = 64)
  attention(turned, turned, heads, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(11)
}}
"""


@pytest.mark.parametrize(
    "scaling",
    [
        'scaling = "dynamic", factor = 2.0',
        'scaling = "longrope", short_factor = [1.0, 1.1], long_factor = [2.0, 3.0], factor = 2.0',
    ],
)
def test_what_turns_all_keys_anew_in_a_longer_text_is_decoded_with_up_to_its_first_length(scaling: str) -> None:
    text = BY_LENGTH.format(scaling=scaling)
    nnspec.loads(text).cached()
    with pytest.raises(SpecError, match="turns all of a sequence anew when it grows beyond original_length"):
        nnspec.loads(text, settings={"context": 65}).cached()
    open_ended = nnspec.loads(text.replace("T <= context", "T")).cached()
    assert open_ended.notes == ("at most 64 tokens: with more, rotary positions turn all of a sequence anew",)
    assert open_ended.decoder is not None and open_ended.decoder.context == 64


def test_a_block_takes_the_way_its_positions_turn_as_a_layer() -> None:
    made = nnspec.load("llama", "Llama3_2_1B", settings={"layers": 1, "width": 16, "heads": 4, "groups": 2, "vocab": 9})
    assert "rotary_llama3(" in made.torch_source()


def test_angles_are_made_once_for_queries_and_keys() -> None:
    text = 'input x: float[N, 2, T, 8]\nrotary(x, scaling = "yarn", factor = 4.0, original_length = 64)\n'
    made = nnspec.loads(f'model M {{\n{text}rotary(_, scaling = "yarn", factor = 4.0, original_length = 64)\n}}')
    operators = [node.op_type for node in export_model(made.program, {}).graph.node]
    assert (operators.count("Cos"), operators.count("Sin")) == (1, 1)
