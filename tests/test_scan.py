"""`(each x, carry h = start) -> scan Step(...)`: a block step by step; the same in PyTorch, onnxruntime, and by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

import nnspec
from nnspec.ir.batch import batch_of
from nnspec.ir.gradient import differentiable
from nnspec.ir.verify import UnsoundProgram, verify
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
  (each sequence, carry start, memory) -> decoder: scan Step(4)
  output results = decoder.result
  output last = decoder.hidden
  output doubles = decoder.double
}
"""

# Two sequences along dimensions of their own, two states; what each step gives stands along dimension 1.
TWO = """
block Cell(width): left, right, h, c, scale? {
  gate = (left, right) -> Concat -> mix: Linear(width) -> Sigmoid
  output h = gate * tanh(c + (h -> turn: Linear(width)))
  output c = c * 0.5 + gate
  if scale != none { h * scale } else { h }
  output y = _
  output mean = gate -> Mean(1)
}
"""
WALK = """
  input left: float[N, T, 3]
  input right: float[N, 2, T]
  input scale: float[N, 1]
  h0 = zeros([N, 4])
"""

# A step of one input and one result; the start is the input itself.
LOOP = """
block Step(width) { residual { f: Linear(width) -> Tanh -> _ * 0.1 } }
block Timed(width): z, t { (z, cast(t, "float") * ones([1, 1])) -> _[0] + _[1] -> Linear(width) -> Tanh }
"""


def built(text: str) -> nn.Module:
    """The module of a spec, whose JSON form is another spelling of it."""
    model = nnspec.loads(text)
    verify(model.program)
    assert nnspec.from_json(model.to_json()).program == model.program
    return model.to_torch().eval()


def compare(text: str, inputs: dict[str, Tensor]) -> list[Tensor]:
    """The results of PyTorch, which onnxruntime finds, too."""
    model, module = nnspec.loads(text), built(text)
    with torch.no_grad():
        given = module(**inputs)
    results: Sequence[Tensor] = given if isinstance(given, tuple) else (given,)
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    session = onnxruntime.InferenceSession(export_model(model.program, weights).SerializeToString())
    found = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    for answer, expected, type in zip(found, results, model.program.main.output_types, strict=True):
        np.testing.assert_allclose(answer, expected.numpy(), atol=1e-6)
        assert expected.dim() == type.rank
    return list(results)


def test_results_are_stacked_and_the_state_is_carried() -> None:
    model = nnspec.loads(SPEC)
    assert [str(type) for type in model.program.main.output_types] == ["[T, N, 3]", "[N, 4]", "[T, N, 4]"]
    module = built(SPEC)
    sequence, start, memory = torch.randn(6, 2, 5), torch.randn(2, 4), torch.randn(2, 4)
    results, last, doubles = module(sequence, start, memory)
    hidden = start
    for index, element in enumerate(sequence):
        hidden = torch.tanh(module.decoder.cell(torch.cat((element, hidden), 1)))
        torch.testing.assert_close(results[index], module.decoder.out(hidden + memory))
        torch.testing.assert_close(doubles[index], hidden * 2)
    torch.testing.assert_close(last, hidden)


@pytest.mark.parametrize("length", [1, 4, 9])
def test_onnxruntime_agrees_at_several_lengths(length: int) -> None:
    compare(SPEC, {"sequence": torch.randn(length, 2, 5), "start": torch.randn(2, 4), "memory": torch.randn(2, 4)})


@pytest.mark.parametrize("backward", [False, True])
def test_two_sequences_along_dimensions_of_their_own(backward: bool) -> None:
    text = f"""{TWO} model A {{ {WALK}
      (each left along 1, each right along -1, carry h = h0, carry c = h0, scale = scale) -> cell: scan Cell(4)
      output y = cell.y ; output h = cell.h ; output c = cell.c ; output mean = cell.mean
    }}"""
    text = text.replace("scan Cell(4)", "scan Cell(4) backward") if backward else text
    given = {"left": torch.randn(2, 5, 3), "right": torch.randn(2, 2, 5), "scale": torch.randn(2, 1)}
    y, h, c, mean = compare(text, given)
    torch.manual_seed(0)
    module = built(text)
    with torch.no_grad():
        y, h, c, mean = module(**given)
        hidden = cell = torch.zeros(2, 4)
        for time in reversed(range(5)) if backward else range(5):
            both = torch.cat((given["left"][:, time], given["right"][:, :, time]), 1)
            gate = torch.sigmoid(module.cell.mix(both))
            hidden, cell = gate * torch.tanh(cell + module.cell.turn(hidden)), cell * 0.5 + gate
            torch.testing.assert_close(y[:, time], hidden * given["scale"])
            torch.testing.assert_close(mean[:, time], gate.mean(1))
    torch.testing.assert_close((h, c), (hidden, cell))


def test_an_optional_input_of_the_step_may_be_absent() -> None:
    text = f"""{TWO} model A {{ {WALK.replace("input scale: float[N, 1]", "")}
      (carry c = h0, each left = left along 1, carry h = h0, each right = right along 2) -> cell: scan Cell(4)
      output y = cell.y
    }}"""
    compare(text, {"left": torch.randn(2, 5, 3), "right": torch.randn(2, 2, 5)})


@pytest.mark.parametrize("steps", ["3", "T", "2 * T"])
def test_a_number_of_steps_without_a_sequence(steps: str) -> None:
    text = f"{LOOP} model A {{ input x: float[N, T, 4] ; (carry _) -> ode: scan Step(4) for {steps} }}"
    (found,) = compare(text, {"x": (x := torch.randn(2, 3, 4))})
    module = built(text)
    with torch.no_grad():
        expected = x
        for _ in range({"3": 3, "T": 3, "2 * T": 6}[steps]):
            expected = expected + torch.tanh(module.ode.f(expected)) * 0.1
        torch.testing.assert_close(module(x), expected)
    assert found.shape == x.shape
    assert list(module.state_dict()) == ["ode.f.weight", "ode.f.bias"]


@pytest.mark.parametrize("scan", ["(carry _) -> scan Step(4) for 3", "(each _) -> scan Step(4)"])
def test_a_scan_without_a_label_is_a_loop_in_a_sequence_of_layers(scan: str) -> None:
    text = f"{LOOP} model A {{ input x: float[N, T, 4] ; Linear(4) ; {scan} ; ReLU ; {{ Tanh ; {scan} }} }}"
    compare(text, {"x": (x := torch.randn(2, 3, 4))})
    module = built(text)
    with torch.no_grad():
        y = module(x)
    assert y.shape == x.shape


def test_a_loop_over_times_carries_the_one_result_of_its_step() -> None:
    text = f"{LOOP} model A {{ input x: float[N, 4] ; (carry z = x, each Range(5)) -> scan Timed(4) }}"
    text = text.replace("each Range", "each t = Range")
    compare(text, {"x": torch.randn(2, 4)})


def test_a_block_is_mapped_over_a_dimension() -> None:
    text = """
    block Head { Flatten -> Linear(6) }
    model A { input video: float[N, 3, T, 4, 4] ; (each video along 2) -> head: scan Head ; output y = head }"""
    (found,) = compare(text, {"video": torch.randn(2, 3, 5, 4, 4)})
    assert found.shape == (2, 6, 5)


def test_all_states_of_all_steps_are_a_further_output() -> None:
    text = """
    block Sum: x, total { output total = total + x ; output totals = total }
    model A { input x: float[T, N] ; (each x, carry total = zeros([N])) -> s: scan Sum
      output last = s.total ; output all = s.totals }"""
    last, every = compare(text, {"x": (x := torch.randn(5, 2))})
    torch.testing.assert_close(every, x.cumsum(0))
    torch.testing.assert_close(last, x.sum(0))


def test_a_convolutional_lstm_walks_along_frames() -> None:
    text = """
    block ConvLSTM(width, kernel = 3): frame, h, c {
      gates = (frame, h) -> Concat -> conv: Conv2d(4 * width, kernel, padding = kernel // 2) -> Chunk(4, dim = 1)
      output c = sigmoid(gates[1]) * c + sigmoid(gates[0]) * tanh(gates[2])
      output h = sigmoid(gates[3]) * tanh(c)
      output map = h
    }
    model A {
      input video: float[N, T, 2, H, W]
      start = zeros([N, 3, H, W])
      (each video along 1, carry h = start, carry c = start) -> first: scan ConvLSTM(3)
      (each first.map along 1, carry h = start, carry c = start) -> second: scan ConvLSTM(3)
      output y = second.map
    }"""
    (found,) = compare(text, {"video": torch.randn(2, 4, 2, 5, 6)})
    assert found.shape == (2, 4, 3, 5, 6)
    model = nnspec.loads(text)
    batch = batch_of(model.program)
    assert batch is not None and batch.symbol == "N" and batch.leads


def test_a_decoder_writes_words_by_itself() -> None:
    text = """
    # What was written last, whether the end has been written, and a state are carried.
    block Writer(vocab, width): word, ended, state, memory {
      word -> embedding: Embedding(vocab, width)
      output state = tanh((_ -> in: Linear(width)) + (state -> turn: Linear(width)) + memory)
      output logits = state -> out: Linear(vocab)
      output word = where(ended, 0, argmax(logits, dim = 1))
      output ended = ended or word == 1
      output words = word
    }
    model A {
      input memory: float[N, 8]
      first = full([N], 2)
      (carry word = first, carry ended = full([N], false), carry state = zeros([N, 8]), memory)
        -> writer: scan Writer(5, 8) for 7
      output words = writer.words -> Transpose(0, 1)
      output logits = writer.logits
    }"""
    words, logits = compare(text, {"memory": torch.randn(3, 8)})
    assert (words.dtype, words.shape, logits.shape) == (torch.int64, (3, 7), (7, 3, 5))


def test_both_ways_along_two_sentences() -> None:
    text = """
    block Reader(width): word, h { output h = tanh((word -> a: Linear(width)) + (h -> b: Linear(width))) ; output states = h }
    model A {
      input left: float[N, T, 3]
      input right: float[N, S, 3]
      start = zeros([N, 4])
      (each left along 1, carry h = start) -> there: scan Reader(4)
      (each left along 1, carry h = start) -> back: scan Reader(4) backward
      (each right along 1, carry h = there.h) -> scan there
      output right = _.states
      output left = (there.states, back.states) -> Concat(dim = -1)
    }""".replace("output right", "output y").replace("output left", "output z")
    y, z = compare(text, {"left": torch.randn(2, 5, 3), "right": torch.randn(2, 3, 3)})
    assert (y.shape, z.shape) == ((2, 3, 4), (2, 5, 8))


def test_macs_count_every_step() -> None:
    shapes = {"sequence": (7, 2, 5), "start": (2, 4), "memory": (2, 4)}
    assert nnspec.loads(SPEC, inputs=shapes).summary().macs == 7 * 2 * (9 * 4 + 4 * 3)
    text = f"{LOOP} model A {{ input x: float[N, 4] ; (carry _) -> ode: scan Step(4) for 9 }}"
    assert nnspec.loads(text, inputs={"x": (2, 4)}).summary().macs == 9 * 2 * 4 * 4


def test_scans_of_other_numbers_of_steps_are_rows_of_their_own() -> None:
    text = (
        f"""{LOOP} model A {{ input x: float[N, 4] ; for i in 1..2 {{ "s{{i}}": (carry _) -> scan Step(4) for i }} }}"""
    )
    text = text.replace('"s{i}": (carry _) -> scan', '(carry _) -> "s{i}": scan')
    summary = nnspec.loads(text, inputs={"x": (1, 4)}).summary()
    assert [(row.label, row.macs) for row in summary.rows if row.depth == 1] == [("s1", 16), ("s2", 32)]


def test_gradients_flow_through_all_steps() -> None:
    module = nnspec.loads(SPEC).to_torch()
    sequence = torch.randn(6, 2, 5, requires_grad=True)
    start = torch.randn(2, 4, requires_grad=True)
    _, last, _ = module(sequence, start, torch.randn(2, 4))
    last.sum().backward()
    assert start.grad is not None and start.grad.abs().sum() > 0
    assert sequence.grad is not None and sequence.grad[0].abs().sum() > 0


def test_what_is_carried_brings_gradients_to_later_steps() -> None:
    text = """
    block Step: x, h { output seen = h * 2.0 ; output h = h + (x -> fc: Linear(3)) }
    model A { input x: float[T, N, 3] ; (each x, carry h = zeros([N, 3])) -> s: scan Step ; output seen = s.seen }"""
    program = nnspec.loads(text).program
    assert differentiable(program, frozenset(), lambda key: True) == {"seen"}


def test_the_samples_are_those_that_no_scan_walks_along() -> None:
    program = nnspec.loads(SPEC).program
    batch = batch_of(program)
    assert batch is not None and (batch.symbol, batch.inputs, batch.outputs) == ("N", (1, 0, 0), (1, 0, 1))


def test_the_source_reads_as_a_loop() -> None:
    text = f"""{TWO} model A {{ {WALK}
      (each left along 1, each right along 2, carry h = h0, carry c = h0, scale = scale) -> cell: scan Cell(4) backward
      output y = cell.y
    }}"""
    source = nnspec.loads(text).torch_source()
    assert "for left_2, right_2 in zip(reversed(left.unbind(1)), reversed(right.unbind(2)), strict=True):" in (
        source.replace("left2", "left_2").replace("right2", "right_2")
    )
    assert "torch.stack(ys[::-1], 1)" in source


def test_a_module_is_scanned_again_with_its_weights() -> None:
    text = f"""{TWO} model A {{ {WALK}
      (each left along 1, each right along 2, carry h = h0, carry c = h0) -> cell: scan Cell(4)
      (each left along 1, each right along 2, carry h = cell.h, carry c = cell.c) -> scan cell backward
      output y = _.y
      output first = cell.y
    }}""".replace("input scale: float[N, 1]", "")
    compare(text, {"left": torch.randn(2, 5, 3), "right": torch.randn(2, 2, 5)})
    assert list(built(text).state_dict()) == ["cell.mix.weight", "cell.mix.bias", "cell.turn.weight", "cell.turn.bias"]


def test_a_block_may_be_applied_once_and_scanned_with() -> None:
    text = f"""{LOOP} model A {{ input x: float[N, 4]; once: Step(4); (carry _) -> scan once for 2 }}"""
    (found,) = compare(text, {"x": (x := torch.randn(2, 4))})
    module = built(text)
    with torch.no_grad():
        torch.testing.assert_close(module(x), module.once(module.once(module.once(x))))
    assert found.shape == x.shape


def test_scans_inside_scans_groups_and_repeats() -> None:
    text = """
    block Inner(w): x, h {
      output h = tanh((x -> a: Linear(w)) + (h -> b: Linear(w)))
      output y = h
    }
    block Outer(w): row, h {
      [N, W, C]
      (each row along 1, carry h) -> i: scan Inner(w)
      output h = i.h
      output y = i.y
    }
    model A {
      input x: float[N, H, W, 4]
      h0 = zeros([N, 4])
      (each x along 1, carry h = h0) -> s: scan Outer(4)
      s.y -> 2 x { (each _ along 2, carry h = h0) -> t: scan Outer(4) backward ; t.y }
    }"""
    (found,) = compare(text, {"x": torch.randn(2, 3, 5, 4)})
    assert found.shape == (2, 3, 5, 4)


WRONG = {
    "the old spelling": ("(s, h) -> scan Step", r"E0257.*\(each x, carry hidden\) -> scan Step"),
    "no tuple": ("s -> scan Step", r"E0257.*each"),
    "both": ("(each s, carry h) -> scan Step for 3", "E0257.*number of steps, too"),
    "backward from nowhere": ("(carry h, s) -> scan Step backward for 3", "E0257.*backward"),
    "no such output": ("(each h, s) -> scan Other ; (carry h, each s) -> scan Other", "E0258.*no output a"),
    "not carried": ("(each s, h) -> scan Step", "E0258.*does not carry"),
    "another type": ("(each s, carry z) -> scan Step", r"E0229.*starts as \[1, 5\].*makes it \[N, 5\]"),
    "another element type": ("(each s, carry k) -> scan Step", r"E0229.*starts as int\[N, 5\].*float\[N, 5\]"),
    "another length": ("(each s, each h along 1) -> scan Pair", "E0229.*5 of another"),
    "no such dimension": ("(each s along 3, carry h) -> scan Step", "E0229.*no dimension 3"),
    "no place for the stack": ("(each s along 2) -> scan Total", r"E0229.*output total is \[\].*dimension 2"),
    "along what is carried": ("(each s, carry h along 0) -> scan Step", "E0229.*has a dimension `along`"),
    "no steps": ("(carry h, s) -> scan Step for 0", "E0206|1 or more"),
    "a layer": ("(each s) -> scan Linear(3)", "a block after `scan`"),
    "an unknown input": ("(each s, carry state = h) -> scan Step", "state"),
    "a scan as a step": ("(each s, carry h) -> t: scan Step ; (s[0], h) -> t", "E0208|E02.*scan t as a step"),
    "a scan of a layer's label": ("l: Linear(5) ; (each s) -> scan l", "a block after `scan`"),
    "a value behind names in another order": ("(hidden = h, s) -> scan Step for 3", "without a name, behind"),
    "a value too many": ("(each s, carry h, h) -> scan Step", "2 values"),
    "an input twice": ("(each s, carry h, each x = s) -> scan Step", "2 values|twice"),
    "roles without a scan": ("(each s, h) -> Concat", "E0255.*no `scan` follows"),
    "a role in parentheses": ("x = (carry h) * 2", "E0255"),
}


@pytest.mark.parametrize(("steps", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_meant_is_refused(steps: str, message: str) -> None:
    text = f"""
    block Step: x, hidden {{ output y = x ; output hidden = x + hidden }}
    block Other: a, b {{ output y = a[0] ; output z = b }}
    block Pair: a, b {{ output y = a }}
    block Total {{ output total = Mean([0, 1]) }}
    model A {{
      input s: float[T, N, 5] ; input h: float[N, 5] ; z = zeros([1, 5]) ; k = zeros([N, 5], dtype = "int")
      {steps}
      output o = s
    }}"""
    with pytest.raises(nnspec.SpecError, match=f"(?s){message}"):
        nnspec.loads(text)


@pytest.mark.parametrize(
    "change",
    [
        ("sequences", []),
        ("steps", 3),
        ("sequences", [{"index": 0, "dim": 4}]),
        ("sequences", [{"index": 7, "dim": 0}]),
        ("carried", []),
        ("carried", [{"output": 0, "input": 1}]),
        ("stacked", [{"index": 0, "dim": 9}, {"index": 2, "dim": 0}]),
    ],
)
def test_a_form_that_contradicts_itself_is_unsound(change: tuple[str, object]) -> None:
    program = nnspec.loads(SPEC).program
    main = program.main
    (call,) = (call for call in main.calls if call.scan)
    assert call.scan is not None
    scan = type(call.scan).from_json(json.dumps({**json.loads(call.scan.to_json()), change[0]: change[1]}))
    calls = tuple(call.model_copy(update={"scan": scan}) if each is call else each for each in main.calls)
    modules = {**program.modules, program.entry: main.model_copy(update={"calls": calls})}
    with pytest.raises(UnsoundProgram):
        verify(program.model_copy(update={"modules": modules}))


def test_a_comment_may_stand_behind_the_role_of_a_sequence() -> None:
    text = SPEC.replace("each ", "each  # a sequence\n ").replace("carry ", "carry # what is kept\n\n  ")
    assert text != SPEC
    assert list(nnspec.loads(text).program.modules) == list(nnspec.loads(SPEC).program.modules)


def test_words_of_scans_are_names_elsewhere() -> None:
    text = """
    model A {
      input each: float[N, 4] ; input carry: float[N, 4]
      backward: Linear(4) ; along = (each, carry) -> Add
      (along + backward, each) -> Add
    }"""
    assert list(built(text).state_dict()) == ["backward.weight", "backward.bias"]
