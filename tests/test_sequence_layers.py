"""Recurrent layers, attention and positions against what they are defined by: PyTorch's modules and plain formulas.

The contract test compares first results under random inputs; here are the further results, the masks, the numbers in
float64, and what is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import nnspec
from nnspec.dims import symbol
from nnspec.ir.indices import length_bounds
from nnspec.to_onnx.export import export_model
from nnspec.to_onnx.reference import Reference

Tensors = tuple[torch.Tensor, ...]


def model(text: str) -> nnspec.Model:
    return nnspec.loads(f"model Example {{\n{text}\n}}")


def in_torch(made: nnspec.Model, *inputs: torch.Tensor) -> Tensors:
    torch.manual_seed(0)
    module = made.to_torch().eval()
    if any(value.dtype == torch.float64 for value in inputs):
        module = module.double()
    with torch.no_grad():
        found = module(*inputs)
    return found if isinstance(found, tuple) else (found,)


def in_onnx(made: nnspec.Model, *inputs: torch.Tensor) -> Sequence[Any]:
    torch.manual_seed(0)
    weights = {name: value.numpy() for name, value in made.to_torch().state_dict().items()}
    proto = export_model(made.program, weights)
    session = onnxruntime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [given.name for given in session.get_inputs()]
    values: Sequence[Any] = session.run(None, {n: value.numpy() for n, value in zip(names, inputs, strict=True)})
    return values


def both_agree(made: nnspec.Model, *inputs: torch.Tensor) -> Tensors:
    """The results in torch, after a comparison with those in ONNX."""
    expected = in_torch(made, *inputs)
    for found, value in zip(in_onnx(made, *inputs), expected, strict=True):
        np.testing.assert_allclose(found, value.numpy(), rtol=1e-4, atol=1e-5)
    return expected


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)), dtype=dtype)


# --- recurrent layers

RECURRENT = [
    ("GRU(4, num_layers = 2)", lambda: nn.GRU(5, 4, 2)),
    ("GRU(4, num_layers = 2, bidirectional = true)", lambda: nn.GRU(5, 4, 2, bidirectional=True)),
    ("RNN(4, num_layers = 2, bidirectional = true)", lambda: nn.RNN(5, 4, 2, bidirectional=True)),
    ("LSTM(4, num_layers = 2)", lambda: nn.LSTM(5, 4, 2)),
    ("LSTM(4, num_layers = 2, bidirectional = true)", lambda: nn.LSTM(5, 4, 2, bidirectional=True)),
    (
        "LSTM(4, num_layers = 2, bidirectional = true, proj_size = 3)",
        lambda: nn.LSTM(5, 4, 2, bidirectional=True, proj_size=3),
    ),
]


@pytest.mark.parametrize(("layer", "reference"), RECURRENT)
def test_recurrent_layers_give_the_output_and_the_last_states_of_torch(layer: str, reference: Any) -> None:
    names = ["state", "cell"] if layer.startswith("LSTM") else ["state"]
    outputs = "\n".join(f"output {name} = rnn.{name}" for name in names)
    made = model(f"input x: float[T, N, 5]\nrnn: {layer}\noutput result = _\n{outputs}")
    x = normal(7, 3, 5)
    results = both_agree(made, x)
    torch.manual_seed(0)
    output, state = reference()(x)
    expected = (output, *state) if isinstance(state, tuple) else (output, state)
    for found, value in zip(results, expected, strict=True):
        torch.testing.assert_close(found, value.detach())


@pytest.mark.parametrize(("layer", "reference"), RECURRENT)
def test_sequences_of_several_lengths_are_read_as_torch_reads_packed_ones(layer: str, reference: Any) -> None:
    names = ["state", "cell"] if layer.startswith("LSTM") else ["state"]
    outputs = "\n".join(f"output {name} = rnn.{name}" for name in names)
    text = f"input x: float[T, N, 5]\ninput n: int[N]\n(x, lengths = n) -> rnn: {layer}\noutput result = _\n{outputs}"
    x, lengths = normal(7, 4, 5), torch.tensor([3, 7, 1, 5])
    results = both_agree(model(text), x, lengths)
    torch.manual_seed(0)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
    output, state = reference()(packed)
    padded = nn.utils.rnn.pad_packed_sequence(output)[0]
    for found, value in zip(results, (padded, *state) if isinstance(state, tuple) else (padded, state), strict=True):
        torch.testing.assert_close(found, value.detach())


@pytest.mark.parametrize("layer", ["LSTM(3, proj_size = 2", "GRU(3"])
def test_padding_changes_nothing_that_a_sequence_gives(layer: str) -> None:
    made = model(f"input x: float[N, T, 5]\ninput n: int[N]\n(x, lengths = n) -> {layer}, batch_first = true)")
    x, lengths = normal(2, 6, 5), torch.tensor([4, 2])
    (padded,) = both_agree(made, x, lengths)  # T stays, though no sequence is so long
    for index, length in enumerate(lengths.tolist()):
        (alone,) = both_agree(made, x[index : index + 1, :length], lengths[index : index + 1])
        torch.testing.assert_close(padded[index, :length], alone[0])
        assert not padded[index, length:].any()


def test_a_file_of_a_layer_with_lengths_is_verified_with_lengths_that_it_takes() -> None:
    made = model("input x: float[N, T, 5]\ninput n: int[N]\n(x, lengths = n) -> GRU(4, batch_first = true)")
    assert length_bounds(made.program) == {"n": symbol("T")}
    state = {name: value.numpy() for name, value in made.to_torch().state_dict().items()}
    assert len(Reference(made.program, state.__getitem__).trials(4)) >= 4


def test_states_pass_from_one_layer_to_the_next() -> None:
    made = model(
        "input x: float[T, N, 5]\ninput y: float[S, N, 5]\n"
        "x -> encoder: LSTM(4, num_layers = 2)\n(y, encoder.state, encoder.cell) -> decoder: LSTM(4, num_layers = 2)"
    )
    x, y = normal(7, 3, 5), normal(2, 3, 5)
    (result,) = both_agree(made, x, y)
    torch.manual_seed(0)
    encoder, decoder = nn.LSTM(5, 4, 2), nn.LSTM(5, 4, 2)
    torch.testing.assert_close(result, decoder(y, encoder(x)[1])[0].detach())


def test_one_onnx_model_takes_any_number_of_steps_and_sequences() -> None:
    made = model("input x: float[N, T, 5]\nGRU(4, num_layers = 2, batch_first = true, bidirectional = true)")
    for shape in ((1, 1, 5), (2, 9, 5), (5, 3, 5)):
        both_agree(made, normal(*shape))


def test_an_lstm_of_keras_has_one_bias() -> None:
    made = model("input x: float[N, 80, 128]\nrnn: LSTM(128, batch_first = true, recurrent_bias = false)")
    assert made.summary().parameters == 131_584
    module = made.to_torch()
    assert [name for name, _ in module.named_parameters()] == ["rnn.weight_ih_l0", "rnn.weight_hh_l0", "rnn.bias_ih_l0"]
    module(normal(2, 80, 128)).sum().backward()
    assert all(parameter.grad is not None for parameter in module.parameters())


def test_a_recurrent_layer_counts_the_products_of_its_gates() -> None:
    made = model("input x: float[35, 1, 200]\nLSTM(200, num_layers = 2, dropout = 0.2)")
    assert made.summary().macs == 44_800_000 // 2


# --- attention


def softmax_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, seen: torch.Tensor) -> torch.Tensor:
    """Attention by its formula; each head of k and v repeated for the heads of q that share it."""
    share = q.shape[1] // k.shape[1]
    k, v = (value.repeat_interleave(share, dim=1) for value in (k, v))
    scores = (q @ k.transpose(-1, -2)) / math.sqrt(q.shape[-1])
    return scores.masked_fill(~seen, -torch.inf).softmax(-1) @ v


def test_grouped_windowed_causal_attention_is_its_formula_in_float64() -> None:
    made = model(
        "input q: float[N, 6, T, 4]\ninput k: float[N, 2, T, 4]\ninput v: float[N, 2, T, 3]\n"
        "attention(q, k, v, causal = true, window = 3)"
    )
    q, k, v = normal(2, 6, 9, 4), normal(2, 2, 9, 4), normal(2, 2, 9, 3)
    offset = torch.arange(9)[:, None] - torch.arange(9)
    expected = softmax_attention(q.double(), k.double(), v.double(), (offset >= 0) & (offset < 3))
    (found,) = in_torch(made, q.double(), k.double(), v.double())
    torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)
    both_agree(made, q, k, v)


def test_a_window_without_causality_looks_both_ways() -> None:
    made = model("input q: float[N, 2, T, 4]\nattention(q, q, q, window = 2)")
    q = normal(1, 2, 6, 4)
    near = (torch.arange(6)[:, None] - torch.arange(6)).abs() < 2
    torch.testing.assert_close(both_agree(made, q)[0], softmax_attention(q, q, q, near))


def test_a_query_that_may_see_no_key_gives_zeros() -> None:
    made = model("input q: float[N, 2, T, 4]\ninput mask: bool[N, 1, T, T]\nattention(q, q, q, mask)")
    q, mask = normal(2, 2, 5, 4), torch.ones(2, 1, 5, 5, dtype=torch.bool)
    mask[1, 0, 3] = False
    (found,) = both_agree(made, q, mask)
    assert found[1, :, 3].eq(0).all() and found[0].ne(0).all()


def test_masks_of_multihead_attention_mean_what_they_mean_in_torch() -> None:
    made = model(
        "input x: float[N, T, 8]\ninput padding: bool[N, T]\ninput mask: bool[T, T]\n"
        "x -> MultiheadAttention(2, key_padding_mask = padding, attn_mask = mask)"
    )
    x, padding, mask = normal(2, 6, 8), torch.zeros(2, 6, dtype=torch.bool), torch.ones(6, 6, dtype=torch.bool).triu(2)
    padding[0, 4:] = True
    (found,) = both_agree(made, x, padding, mask)
    torch.manual_seed(0)
    reference = nn.MultiheadAttention(8, 2, batch_first=True)
    expected, _ = reference(x, x, x, key_padding_mask=padding, attn_mask=mask)
    torch.testing.assert_close(found, expected.detach())


@pytest.mark.parametrize("mask", ["", ", key_padding_mask = padding"])
def test_causal_multihead_attention_does_not_see_what_comes_later(mask: str) -> None:
    made = model(
        f"input x: float[N, T, 8]\ninput padding: bool[N, T]\nx -> MultiheadAttention(2, causal = true{mask})\n"
        "where(padding[:, :, none], _, _)"
    )
    x, padding = normal(2, 6, 8), torch.zeros(2, 6, dtype=torch.bool)
    (before,) = both_agree(made, x, padding)
    x[:, 4:] += 1
    (after,) = in_torch(made, x, padding)
    torch.testing.assert_close(before[:, :4], after[:, :4])
    assert not torch.allclose(before[:, 4:], after[:, 4:])


def test_dropout_of_attention_is_for_training_only() -> None:
    module = model("input q: float[N, 2, T, 4]\nattention(q, q, q, dropout = 0.5)").to_torch()
    q = normal(2, 2, 8, 4)
    assert not torch.equal(module.train()(q), module(q))
    assert torch.equal(module.eval()(q), module(q))


def test_layers_that_mask_alike_share_one_mask() -> None:
    made = model("input x: float[N, T, 8]\n4 x MultiheadAttention(2, causal = true)")
    weights = {name: value.numpy() for name, value in made.to_torch().state_dict().items()}
    operators = [node.op_type for node in export_model(made.program, weights).graph.node]
    assert operators.count("Softmax") == 4
    assert operators.count("Where") == 1


def test_an_absent_mask_of_a_block_is_an_absent_input() -> None:
    block = 'block Self: x, mask? {\n  q = x -> Rearrange("n t (h d) -> n h t d", h = 2)\n'
    for call in ("attention(q, q, q, mask)", "attention(q, q, q, mask = mask)", "q, q, q) -> Attention(mask = mask"):
        use = f"({call})" if "->" in call else call
        made = nnspec.loads(f"{block}  {use}\n}}\nmodel Example {{\n  input x: float[N, T, 8]\n  Self\n}}")
        (found,) = both_agree(made, normal(2, 3, 8))
        assert found.shape == (2, 2, 3, 4)


# --- positions


def test_rotations_are_multiplications_of_complex_numbers() -> None:
    x = normal(2, 3, 7, 8, dtype=torch.float64)
    angles = torch.arange(7, dtype=torch.float64)[:, None] * 500.0 ** (-torch.arange(4, dtype=torch.float64) / 4)
    turn = torch.polar(torch.ones_like(angles), angles)
    paired = torch.view_as_real(torch.complex(x[..., ::2].contiguous(), x[..., 1::2].contiguous()) * turn).flatten(-2)
    halves = torch.complex(x[..., :4].contiguous(), x[..., 4:].contiguous()) * turn
    found = model("input x: float[N, 3, T, 8]\nrotary(x, base = 500.0, interleaved = true)")
    torch.testing.assert_close(in_torch(found, x)[0], paired, rtol=1e-13, atol=1e-13)
    found = model("input x: float[N, 3, T, 8]\nrotary(x, base = 500.0)")
    torch.testing.assert_close(in_torch(found, x)[0], torch.cat((halves.real, halves.imag), -1), rtol=1e-13, atol=1e-13)


def test_rotations_at_given_positions_are_those_of_a_longer_sequence() -> None:
    x = normal(1, 2, 9, 4)
    (whole,) = both_agree(model("input x: float[N, 2, T, 4]\nrotary(x)"), x)
    made = model("input x: float[N, 2, T, 4]\ninput places: int[N, T]\nrotary(x, places)")
    (part,) = both_agree(made, x[:, :, 5:], torch.arange(5, 9)[None])
    torch.testing.assert_close(part, whole[:, :, 5:])


def test_llama_3_slows_long_waves_down() -> None:
    """By the formula of transformers' `_compute_llama3_parameters`, for Llama 3.2 1B."""
    factor, low, high, length = 32.0, 1.0, 4.0, 8192
    frequency = 500000.0 ** (-torch.arange(32, dtype=torch.float64) / 32)
    wave = 2 * math.pi / frequency
    slowed = torch.where(wave > length / low, frequency / factor, frequency)
    smooth = (length / wave - low) / (high - low)
    between = ~(wave < length / high) & ~(wave > length / low)
    frequency = torch.where(between, (1 - smooth) * slowed / factor + smooth * slowed, slowed)
    x = normal(1, 1, 9, 64, dtype=torch.float64)
    turn = torch.polar(torch.ones(9, 32, dtype=torch.float64), torch.arange(9)[:, None] * frequency)
    turned = torch.complex(x[..., :32].contiguous(), x[..., 32:].contiguous()) * turn
    made = model(
        "input x: float[N, heads, T, 64]\nrotary(x, base = 500000.0, "
        'scaling = "llama3", factor = 32.0, original_length = 8192)'
    )
    torch.testing.assert_close(in_torch(made, x)[0], torch.cat((turned.real, turned.imag), -1), rtol=1e-13, atol=1e-13)
    both_agree(made, x.float())


def test_the_positions_of_the_transformer_are_sines_and_cosines_in_turn() -> None:
    made = model("input x: float[N, T, 6]\nx + (Range(T) -> SinusoidalEmbedding(6))")
    position, frequency = np.arange(11)[:, None], 10000.0 ** (-np.arange(0, 6, 2) / 6)
    expected = np.zeros((11, 6))
    expected[:, 0::2], expected[:, 1::2] = np.sin(position * frequency), np.cos(position * frequency)
    (found,) = in_torch(made, torch.zeros(1, 11, 6, dtype=torch.float64))
    np.testing.assert_allclose(found[0].numpy(), expected, rtol=0, atol=1e-14)
    assert not made.to_torch().state_dict()
    both_agree(made, normal(2, 11, 6))


def test_the_times_of_diffusion_are_sines_before_cosines() -> None:
    made = model("input t: int[N]\nembed: SinusoidalEmbedding(8, interleaved = false, freq_shift = 1)")
    angles = np.array([0, 7, 999])[:, None] * np.exp(-math.log(10000.0) * np.arange(4) / 3)
    module = made.to_torch().double()
    found = module(torch.tensor([0, 7, 999]))
    np.testing.assert_allclose(found.numpy(), np.concatenate([np.sin(angles), np.cos(angles)], 1), atol=1e-12)


def test_an_input_called_rotary_does_not_hide_the_function() -> None:
    both_agree(model("input rotary: float[N, 2, T, 4]\nRotaryEmbedding\n_ + rotary"), normal(1, 2, 3, 4))


# --- what is refused

SEQUENCE = "input x: float[N, T, 6]\n"
HEADS = "input q: float[N, 6, T, 4]\n"
ROTARY = "input x: float[T, 4]\nrotary(x, "


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("input x: float[6]\nLSTM(4)", "needs a batch of sequences, [T, N, features], and gets [6]"),
        ("input x: float[N, T]\nGRU(4)", "needs a batch of sequences"),
        ("input x: float[3, T, C]\nGRU(4)", "the last dimension (the features) must be a number"),
        (SEQUENCE + "input s: float[2, T, 4]\n(x, s) -> GRU(4)", "needs [1, T, 4], [layers * directions, N, features]"),
        (SEQUENCE + "input s: float[1, T, 4]\n(x, s) -> LSTM(4)", "has no initial cell"),
        (SEQUENCE + "LSTM(4, proj_size = 4)", "4 is not less than hidden_size = 4"),
        (SEQUENCE + "LSTM(4, bias = false, recurrent_bias = false)", "bias = false leaves out both biases"),
        (SEQUENCE + "LSTM(4, dropout = 1.5)", "dropout"),
        (SEQUENCE + "input n: int[T, N]\n(x, lengths = n) -> GRU(4)", "needs [T], one length for each sequence, and"),
        (SEQUENCE + "input n: float[N]\n(x, lengths = n) -> LSTM(4, batch_first = true)", "needs int elements"),
        (SEQUENCE + "MultiheadAttention(4)", "4 heads do not divide 6 features"),
        (SEQUENCE + "input m: float[N, S, 6]\n(x, m) -> MultiheadAttention(2, causal = true)", "T queries and S keys"),
        (SEQUENCE + "input m: float[M, S, 6]\n(x, m) -> MultiheadAttention(2)", "of different batches"),
        (SEQUENCE + "input m: int[T, T]\nx -> MultiheadAttention(2, attn_mask = m)", "needs bool or float elements"),
        (SEQUENCE + "input m: bool[T, N]\nx -> MultiheadAttention(2, key_padding_mask = m)", "needs [N, T] as its"),
        (HEADS + "input k: float[N, 4, T, 4]\nattention(q, k, k)", "has 6 heads of the query and 4 of the key"),
        (HEADS + "input k: float[N, 6, T, 5]\nattention(q, k, k)", "which differ in more than their length"),
        (HEADS + "input k: float[N, 6, S, 4]\nattention(q, q, k)", "all but the last sizes must agree"),
        (HEADS + "input m: bool[N, T]\nattention(q, q, q, m)", "needs a mask that stretches to [N, 6, T, T]"),
        (HEADS + "input m: bool[2, N, 6, T, T]\nattention(q, q, q, m)", "needs a mask that stretches to"),
        (HEADS + "input m: bool[T, T]\nattention(q, q, q, bias = m)", "needs float elements, and gets bool"),
        ("input x: float[N, T, 4]\nattention(x, x, x, alibi = true)", "needs [N, heads, T, d] to tell heads apart"),
        (HEADS + "input s: float[4]\nattention(q, q, q, sinks = s)", "needs [6], a sink for each head, and gets [4]"),
        ("input x: float[T, 4]\nattention(x, x, x)", "needs [N, heads, T, d], and gets [T, 4]"),
        ("input x: float[T, 5]\nrotary(x)", "turns pairs of features, and gets 5"),
        ("input x: float[T, 4]\ninput p: int[S]\nrotary(x, p)", "needs positions [T] for an input [T, 4]"),
        (
            ROTARY + 'scaling = "llama3", factor = 8.0, original_length = 9, low_freq_factor = 4.0)',
            "4.0 is not less than",
        ),
        (ROTARY + 'scaling = "llama3", factor = 8.0)', '"llama3" needs original_length'),
        (ROTARY + "factor = 8.0)", "factor means nothing without scaling"),
        (
            ROTARY + 'scaling = "linear", factor = 8.0, beta_fast = 3.0)',
            'beta_fast means nothing with scaling = "linear"',
        ),
        (ROTARY + 'scaling = "dynamic", factor = 0.5, original_length = 9)', "a factor of 1 or more"),
        (
            ROTARY + 'scaling = "yarn", factor = 2.0, original_length = 9, beta_slow = 40.0)',
            "beta_slow below beta_fast",
        ),
        (
            ROTARY + 'scaling = "longrope", original_length = 9, short_factor = [1.0], long_factor = [2.0, 2.0])',
            "1 numbers",
        ),
        (ROTARY + "rotary_dim = 3)", "3 of 4 features cannot turn in pairs"),
        (ROTARY + "rotary_dim = 6)", "6 of 4 features cannot turn in pairs"),
        ("input x: int[T]\nSinusoidalEmbedding(5)", "5 is odd"),
        ("input x: int[T]\nSinusoidalEmbedding(4, freq_shift = 2)", "2.0 is not less than the number of frequencies"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(text: str, message: str) -> None:
    with pytest.raises(nnspec.SpecError) as caught:
        model(text)
    assert message in str(caught.value)
    assert "<text>" in str(caught.value)


def test_a_gpt2_layer_is_a_linear_layer_with_the_transposed_weight() -> None:
    made = model("input x: float[N, T, 4]\nc_attn: Conv1D(6)")
    module = made.to_torch()
    assert {name: tuple(value.shape) for name, value in module.state_dict().items()} == {
        "c_attn.weight": (4, 6),
        "c_attn.bias": (6,),
    }
    x = normal(2, 3, 4)
    state = module.state_dict()
    torch.testing.assert_close(module(x).detach(), x @ state["c_attn.weight"] + state["c_attn.bias"])
    onnx.checker.check_model(export_model(made.program, {k: v.numpy() for k, v in module.state_dict().items()}))
