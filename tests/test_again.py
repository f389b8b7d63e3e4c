"""A label applies its module again: in a row, in a loop, with inputs by name; alone on a line it is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import onnxruntime
import pytest
import torch

import nnspec
from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.to_onnx.export import export_model

BLOCKS = """
block Shared { [N, D]; Linear(D) }
block Adding: x, m? { x -> fc: Linear(4); if m != none { _ + m } }
block Difference: a, b { a - b }
block Both: x, m?, k? { x -> fc: Linear(4); if m != none { _ + m -> Dropout(0.1) }; if k != none { _ * k } }
block Outer: x, m? {
  x -> a: { Linear(4) -> Tanh }
  (_, m = m) -> inner: Adding -> g: { if m != none { _ - m } else { _ }; out: Linear(4) }
}
block Parts: x, m? { x -> fc: Linear(4); output a = _; if m != none { output b = _ + m } }
block Wider: x, m? { if m != none { (x, m) -> Concat } else { x }; fc: Linear(4) }
"""


def load(tmp_path: Path, body: str) -> nnspec.Model:
    """A model with this body."""
    path = tmp_path / "model.nn"
    head = "input x: float[N, 4]\n  input m: float[N, 4]"
    path.write_text(f"{BLOCKS}\nmodel M {{\n  {head}\n  {body}\n}}\n", encoding="utf-8")
    return nnspec.load(path)


def mistakes(tmp_path: Path, body: str) -> list[Diagnostic]:
    """What is said of it."""
    with pytest.raises(SpecError) as error:
        load(tmp_path, body)
    return [each.diagnostic for each in error.value.found]


@pytest.mark.parametrize(
    "body",
    ["layer: Shared\n 3 x layer", "layer: Shared\n for i in 2..4 { _ -> layer }", "layer: Shared -> 3 x layer",
     "layer: Linear(4)\n 2 x layer\n _ -> layer"],
)  # fmt: skip
def test_a_label_is_applied_several_times_with_the_same_weights(tmp_path: Path, body: str) -> None:
    module = load(tmp_path, body).to_torch()
    x = torch.randn(2, 4)
    expected = x
    for _ in range(4):
        expected = module.layer(expected)
    assert torch.equal(module(x, x), expected)
    assert sum(parameter.numel() for parameter in module.parameters()) == 20


@pytest.mark.parametrize(
    "body",
    ["layer: Shared\n for i in 2..4 { layer }", "layer: Shared -> ReLU\n layer", "layer: Shared\n residual { layer }",
     "a.b: Linear(4)\n ReLU\n a.b", "layer: Shared\n { layer }", "layer: Shared\n for i in 2..2 { layer }"],
)  # fmt: skip
def test_a_line_that_is_a_label_alone_is_refused(tmp_path: Path, body: str) -> None:
    (mistake,) = mistakes(tmp_path, body)
    assert mistake.code == "E0234"
    assert "_ -> " in (mistake.help or "")


@pytest.mark.parametrize("body", ["a: Linear(4)\n q = a\n ReLU\n q", "a: Linear(4)\n concat { a; _ }"])
def test_a_name_of_a_value_and_a_branch_are_values(tmp_path: Path, body: str) -> None:
    assert load(tmp_path, body).found == []


@pytest.mark.parametrize("turn", ["x -> layer", "layer -> ReLU", "h = x -> layer", "x -> layer -> Tanh"])
def test_a_loop_whose_turns_compute_the_same_is_told(tmp_path: Path, turn: str) -> None:
    found = load(tmp_path, f"layer: Shared\n for i in 2..4 {{ {turn} }}").found
    assert [each.diagnostic.code for each in found if each.diagnostic.code == "W0250"] == ["W0250"]


@pytest.mark.parametrize(
    "turn", ["_ -> layer", "x -> 'h{i}': Linear(4)", "_ + layer -> Tanh", "if i < 3 { _ * i }", "x + normal(x)"]
)
def test_a_loop_that_goes_on_is_not_told(tmp_path: Path, turn: str) -> None:
    turn = turn.replace("'", '"')
    found = load(tmp_path, f"layer: Shared\n for i in 2..4 {{ {turn} }}").found
    assert "W0250" not in [each.diagnostic.code for each in found]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("(x, m = m) -> a: Adding", lambda fc, x, m: fc(x) + m),
        ("(m = m, x) -> a: Adding", lambda fc, x, m: fc(x) + m),
        ("(x, m = m * 2) -> a: Adding", lambda fc, x, m: fc(x) + 2 * m),
        ("a: Adding(m = m)\n (_, m = x) -> a", lambda fc, x, m: fc(fc(x) + m) + x),
        ("(b = x, a = m) -> Difference -> a: Adding", lambda fc, x, m: fc(m - x)),
    ],
)
def test_inputs_flow_by_name(tmp_path: Path, body: str, expected: object) -> None:
    module = load(tmp_path, body).to_torch()
    x, m = torch.randn(2, 2, 4)
    assert callable(expected)
    torch.testing.assert_close(module(x, m), expected(module.a.fc, x, m))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("a: Adding\n (_, q = m) -> a", "E0207"),
        ("(x, m = m) -> ReLU", "E0207"),
        ("(x, m = m) -> Adding(m = m)", "E0228"),
        ("(x, m = m, m = x) -> Adding", "E0228"),
        ("(x, x = m) -> Adding", "E0228"),
        ("x -> Attention(query = m, key = m, value = m)", "E0228"),
        ("(x, m = m) -> { ReLU }", "E0220"),
        ("y = (x, m = m)", "E0220"),
        ("(x, m = m)", "E0220"),
        ("relu((x, m = m))", "E0220"),
        ("a: Linear(3)\n 3 x a", "E0223"),
    ],
)
def test_inputs_by_name_that_nothing_takes_are_refused(tmp_path: Path, body: str, code: str) -> None:
    assert [each.code for each in mistakes(tmp_path, body)] == [code]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a: Adding(m = m)\n _ -> a", lambda a, x, m: a.fc(a.fc(x) + m)),
        ("a: Adding\n (_, m = m) -> a", lambda a, x, m: a.fc(a.fc(x)) + m),
        ("a: Adding\n (_, m = m) -> 2 x a", lambda a, x, m: a.fc(a.fc(a.fc(x)) + m) + m),
        ("a: Adding\n for i in 1..2 { (_, m = m) -> a -> a }", lambda a, x, m: a(a(a(a(a(x), m)), m))),
        ("a: Both(k = m)\n (_, m = m) -> a -> a", lambda a, x, m: a.fc(a.fc(a.fc(x) * m) + m)),
        ("a: Both\n (_, m = m, k = x) -> a", lambda a, x, m: (a.fc(a.fc(x)) + m) * x),
        ("a: Outer\n (_, m = m) -> a", lambda a, x, m: a(a(x), m)),
        ("a: Outer(m = m)\n _ -> a", lambda a, x, m: a.g(a.inner(a.a(a(x, m))))),
        ("g: { a: Adding; (_, m = m) -> a }", lambda g, x, m: g.a.fc(g.a.fc(x)) + m),
        ("a: Parts(m = m)\n c = a.b\n a.a -> a\n _ + c", lambda a, x, m: a.fc(a.fc(x)) + a.fc(x) + m),
        ("residual { a: Adding -> Tanh }\n (_, m = m) -> a", lambda a, x, m: a.fc(x + torch.tanh(a.fc(x))) + m),
    ],
)
def test_a_label_is_applied_again_with_other_inputs_than_at_first(
    tmp_path: Path, body: str, expected: Callable[..., torch.Tensor]
) -> None:
    model = load(tmp_path, body)
    module, (x, m) = model.to_torch().eval(), torch.randn(2, 3, 4)
    (first,) = module.children()
    torch.testing.assert_close(module(x, m), expected(first, x, m))
    arrays = {key: value.numpy() for key, value in module.state_dict().items()}
    session = onnxruntime.InferenceSession(export_model(model.program, arrays).SerializeToString())
    (found,) = session.run(None, {"x": x.numpy(), "m": m.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), module(x, m))


def test_other_inputs_that_need_other_weights_are_refused(tmp_path: Path) -> None:
    assert [each.code for each in mistakes(tmp_path, "a: Wider\n (_, m = m) -> a")] == ["E0223"]
