"""`Buffer(expression)` and `Parameter(init = ...)`: what is computed where a module is built, the same everywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

import nnspec
from nnspec.ir.state import state_dict
from nnspec.ir.verify import verify
from nnspec.to_onnx.export import export_model

SINUSOIDS = """
block Sinusoids(length, width) {
  angles = Range(length) -> cast(_, "float")[:, none] * exp(cast(Range(width // 2), "float") * (-2 * log(10000.0) / width))
  (sin(angles), cos(angles)) -> Concat(dim = 1)
}
model A(width = 6) {
  input x: float[N, T <= 50, width]
  pe = Buffer(Sinusoids(50, width))
  output y = x + pe[:T]
}
"""


def built(text: str) -> nn.Module:
    """The module of a spec, whose JSON form is another spelling of it."""
    program = nnspec.loads(text).program
    verify(program)
    again = nnspec.from_json(program.to_json())
    assert again.program == program
    return again.to_torch().eval()


def compare(text: str, **inputs: torch.Tensor) -> torch.Tensor:
    """The result of PyTorch, which onnxruntime finds, too: with the weights of the module, and with untrained ones."""
    program, module = nnspec.loads(text).program, built(text)
    with torch.no_grad():
        expected: torch.Tensor = module(**inputs)
    weights = {key: tensor.numpy() for key, tensor in module.state_dict().items()}
    session = onnxruntime.InferenceSession(export_model(program, weights).SerializeToString())
    (found,) = session.run(None, {name: tensor.numpy() for name, tensor in inputs.items()})
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)
    return expected


def test_a_table_is_computed_once_and_is_in_the_state_dict() -> None:
    module = built(SINUSOIDS)
    assert list(module.state_dict()) == ["pe"]
    assert not list(module.parameters())
    position = torch.arange(50)[:, None] * torch.exp(torch.arange(3) * (-2 * np.log(10000.0) / 6))
    torch.testing.assert_close(module.pe, torch.cat((position.sin(), position.cos()), 1))
    compare(SINUSOIDS, x=torch.randn(2, 7, 6))


def test_the_file_holds_the_numbers_and_no_operators_for_them() -> None:
    program = nnspec.loads(SINUSOIDS).program
    model = export_model(program, None)
    assert {node.op_type for node in model.graph.node} <= {"Add", "Slice", "Shape", "Concat"}
    (table,) = (onnx.numpy_helper.to_array(each) for each in model.graph.initializer if each.name == "pe")
    np.testing.assert_allclose(table, built(SINUSOIDS).pe.numpy(), atol=1e-6)


def test_the_summary_counts_it_apart() -> None:
    summary = nnspec.loads(SINUSOIDS).summary()
    assert (summary.trainable, summary.frozen, summary.buffers) == (0, 0, 300)


def test_one_that_is_not_kept_is_in_no_file(tmp_path: Path) -> None:
    text = SINUSOIDS.replace("(50, width))", "(50, width), persistent = false)")
    assert not built(text).state_dict()
    assert not list(state_dict(nnspec.loads(text).program))
    assert nnspec.loads(text).summary().buffers == 300
    compare(text, x=torch.randn(2, 7, 6))


def test_integers_and_truth_values() -> None:
    text = """model A {
      input x: float[N, 5]
      turn = Buffer(Range(5) * 2 % 5)
      seen = Buffer(Range(5) > 1)
      where(seen, take(x, turn, dim = 1), 0.0)
    }"""
    x = torch.randn(2, 5)
    expected = x[:, [0, 2, 4, 1, 3]] * (torch.arange(5) > 1)
    torch.testing.assert_close(compare(text, x=x), expected)


def test_a_block_that_is_built_twice_has_one_class_and_two_buffers() -> None:
    text = """
    block Scaled(scale) { ratio = Buffer([scale, 1.0]); _ * ratio }
    model A { input x: float[N, 2]; a: Scaled(2.0); b: Scaled(3.0); c: Scaled(2.0) }"""
    x = torch.randn(3, 2)
    torch.testing.assert_close(compare(text, x=x), x * torch.tensor([12.0, 1.0]))
    assert list(built(text).state_dict()) == ["a.ratio", "b.ratio", "c.ratio"]


def test_random_features_are_drawn_once_and_kept() -> None:
    text = """model A { input x: float[N, 3]; b = Buffer(normal([3, 4]) * 10.0); sin(x @ b) }"""
    compare(text, x=torch.randn(2, 3))
    program = nnspec.loads(text).program
    one, two = (export_model(program, None).SerializeToString() for _ in range(2))
    assert one == two
    with pytest.raises(nnspec.SpecError, match="drawn at random"):
        nnspec.loads(text.replace("10.0)", "10.0, persistent = false)"))


def test_parameters_start_as_a_list_or_an_expression_says() -> None:
    text = """model A {
      input x: float[N, 3]
      a = Parameter(init = [0.5, -1, 2])
      b = Parameter(init = exp(ones([2, 3])))
      c = Parameter([3], init = zeros([3]), trainable = false)
      x * a + b[1] + c
    }"""
    module = built(text)
    assert {name: tensor.tolist() for name, tensor in module.named_parameters()} == {
        "a": [0.5, -1.0, 2.0],
        "b": [[float(np.float32(np.e))] * 3] * 2,
        "c": [0.0, 0.0, 0.0],
    }
    assert [parameter.requires_grad for parameter in module.parameters()] == [True, True, False]
    compare(text, x=torch.randn(2, 3))
    assert [each.name for each in export_model(nnspec.loads(text).program, None).graph.initializer][:3] == [*"abc"]


def test_a_value_that_something_else_takes_stays() -> None:
    text = """model A {
      input x: float[N, 4]
      ramp = Range(4) * 0.5
      kept = Buffer(ramp)
      x + ramp + kept
    }"""
    x = torch.randn(2, 4)
    torch.testing.assert_close(compare(text, x=x), x + torch.arange(4.0))


def test_a_buffer_in_half_precision_and_on_another_device() -> None:
    module = built(SINUSOIDS).to(torch.bfloat16)
    assert module.pe.dtype == torch.bfloat16
    assert module(torch.randn(2, 7, 6, dtype=torch.bfloat16)).dtype == torch.bfloat16
    assert built(SINUSOIDS).to("meta").pe.device.type == "meta"


@pytest.mark.parametrize(
    "change",
    [{"result": 9}, {"result": -1}, {"result": "a"}, {"steps": 3}, {"steps": [{"layer": "Nonsense"}]}, {"steps": []},
     {"steps": [{"layer": "Exp", "inputs": [0]}]}, {"steps": [{"layer": "Exp", "inputs": "0"}]},
     {"steps": [{"layer": "Parameter", "arguments": {"shape": [3]}}]}, {"steps": [{"layer": "Range"}]}],
)  # fmt: skip
def test_a_form_that_is_no_constant_is_refused(change: dict[str, object]) -> None:
    form = json.loads(nnspec.loads("model A { input x: float[N, 3]; b = Buffer(Range(3) * 0.5); x + b }").to_json())
    (call,) = (each for each in form["modules"]["A"]["calls"] if each.get("label") == "b")
    call["callee"]["arguments"]["value"].update(change)
    with pytest.raises(nnspec.SpecError, match="E0504"):
        nnspec.from_json(json.dumps(form))


EXPRESSIONS = [
    "tril(ones([4, 4]))[none] == 0",
    "(Range(4)[:, none] - Range(4)[none, :]) * 0.5",
    "one_hot(Range(3), 5)",
    "softmax(sin(Range(6) * 1.3) -> Reshape([2, 3]), dim = 1)",
    "(Range(6) -> Reshape([2, 3]), Range(6) -> Reshape([2, 3])) -> Stack(dim = 1)",
    "Range(8) * 0.25 -> Reshape([1, 2, 4]) -> AvgPool1d(2)",
    "cos(Range(12) + 0.5) -> Reshape([3, 4]) -> LayerNorm(elementwise_affine = false)",
    "where(Range(5) > 2, -1.0, Range(5))",
    "cumsum(ones([3, 2]), dim = 0)",
    "full([2, 2], true)",
    "3.5",
    'einsum("i,j->ij", Range(3) * 0.5, Range(2) + 1.0)',
    "Range(4) -> SinusoidalEmbedding(6)",
    "Range(6) -> Reshape([6]) -> 3 x Shift(0.5)",
]


@pytest.mark.parametrize("value", EXPRESSIONS)
def test_pytorch_and_onnx_compute_the_same(value: str) -> None:
    text = f"block Shift(by) {{ _ * 0.5 + by }}\nmodel A {{ input x: float[N]; b = Buffer({value}); output y = b }}"
    program, module = nnspec.loads(text).program, built(text)
    (found,) = (
        onnx.numpy_helper.to_array(each) for each in export_model(program, None).graph.initializer if each.name == "b"
    )
    assert found.dtype == module.b.numpy().dtype
    np.testing.assert_allclose(found, module.b.numpy(), atol=1e-6)


def test_the_source_has_the_names_of_the_spec() -> None:
    text = """model A {
      input x: float[N, 4]
      x2 = Range(4) * 0.5
      pe = Buffer((sin(x2), cos(x2)) -> Stack)
      x * pe[0] + pe[1]
    }"""
    source = nnspec.loads(text).torch_source()
    assert (
        "def make_pe():\n    x2 = torch.arange(4) * 0.5\n    return torch.stack((torch.sin(x2), torch.cos(x2)))"
        in source
    )
    assert "self.pe = nn.Buffer(make_pe())" in source
    compare(text, x=torch.randn(2, 4))


def test_one_that_memory_cannot_compute_is_refused() -> None:
    text = "model A { input x: float[N]; b = Buffer(sum(ones([1000000, 1000000]), dim = 0)); x + mean(b) }"
    with pytest.raises(nnspec.SpecError, match="E0256"):
        nnspec.loads(text).to_torch()


WRONG = {
    "an input": ("pe: Buffer(x * 2)", "E0259.*depends on the input x"),
    "weights": ("pe: Buffer(Range(3) -> Embedding(4, 5))", "E0259.*weights of Embedding"),
    "a size of the run": ("pe: Buffer(zeros([T, 2]))", "E0259.*its size T"),
    "dropout": ("pe: Buffer(ones([4]) -> Dropout)", "E0259.*something else in training"),
    "truth values": ("p: Parameter(init = ones([2]) > 0)", "is bool"),
    "another shape": ("p: Parameter([3], init = zeros([2]))", r"starts as \[2\], and its shape is \[3\]"),
    "no shape": ("p: Parameter()", "Parameter needs|not known"),
    "nothing": ("p: Buffer", "value"),
    "a text": ('p: Buffer("x")', "value"),
    "irregular": ("p: Buffer([[1], [2, 3]])", "one length"),
}


@pytest.mark.parametrize(("line", "message"), WRONG.values(), ids=WRONG)
def test_what_is_no_constant_is_refused(line: str, message: str) -> None:
    with pytest.raises(nnspec.SpecError, match=f"(?s){message}"):
        nnspec.loads(f"model A {{ input x: float[N, T]; {line}; output y = x }}")
