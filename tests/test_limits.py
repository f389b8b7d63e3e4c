"""No argument of a spec can take the machine: what is too much is told before it is made."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.limits import Limits

HEAD = "model M { input x: float[N, 5, 4]; "


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("LSTM(4, num_layers = 1000000)", "E0206"),
        ("RelativePositionIndex(20000)", "E0206"),
        ("Split(100000000)", "E0206"),
        ("Chunk(100000000)", "E0206"),
        ('a = "x"; for i in 1..60 { a = "{a}{a}" }', "E0212"),
        ("a = [1]; for i in 1..60 { a = [a, a] }", "E0212"),
        ("a = [[1, 2], [3, 4]]; for i in 1..60 { a = a + a }", "E0212"),
        ("a = 10 ** 1000000000", "E0212"),
        ("for i in 1..1000000000 { a = i }", "E0216"),
        (f"Reshape([N, 20, {', '.join(['1'] * 98)}])", "E0216"),
        ("Linear(99999999999)", "E0206"),
    ],
)
def test_what_takes_too_much_work_is_refused(body: str, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        nnspec.loads(f"{HEAD}{body} }}")
    assert [found.code for found in caught.value.diagnostics][:1] == [code]
    assert caught.value.diagnostics[0].span is not None


def test_an_input_of_too_many_dimensions_is_refused() -> None:
    with pytest.raises(SpecError, match="100 dimensions"):
        nnspec.loads(f"model M {{ input x: float[{', '.join(['1'] * 100)}]; ReLU }}")


def test_a_module_that_memory_cannot_hold_is_not_built(tmp_path: Path) -> None:
    spec = tmp_path / "big.nn"
    spec.write_text("model Big { input x: float[N, 4]; output y = body: Linear(2000000) -> head: Linear(2000000) }\n")
    model = nnspec.load(spec)
    assert model.summary().parameters == 4_000_012_000_000
    for action in (model.to_torch, model.to_onnx):
        with pytest.raises(SpecError, match=r"E0256.*14,901.2 GiB") as caught:
            action()
        assert caught.value.diagnostics[0].notes == ("the most is taken by head.weight [2000000, 2000000]",)
    told = CliRunner().invoke(main, ["export", str(spec), "--onnx", str(tmp_path / "big.onnx")])
    assert told.exit_code == 1 and "--limit memory=16000048000000" in told.stderr


def test_training_counts_gradients_and_averages() -> None:
    text = (
        "model M { input features: float[N, 2]; output logits = Linear(1000) -> Linear(2) }\ntrain { data = spirals }"
    )
    weights = nnspec.loads(text).summary().parameters * 4
    with pytest.raises(SpecError, match=r"E0256.*gradients"):
        nnspec.loads(text).train(limits=Limits(memory=3 * weights), quiet=True, device="cpu")
