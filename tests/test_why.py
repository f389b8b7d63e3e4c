"""`nnspec explain MODEL.nn LAYER`: the arithmetic behind the shapes and counts of a model's own layers."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.dims import substitute
from nnspec.ir import Program
from nnspec.ir.batch import batch_of
from nnspec.ir.state import state_dict
from nnspec.layers.base import Example, Layer
from nnspec.why import paths, why
from tests.test_contract import CASES, identifier, sizes, spec


def _evaluated(text: str, numbers: dict[str, int]) -> int:
    return int(eval(text, {"__builtins__": {}}, dict(numbers)))  # the arithmetic is in Python's notation


@pytest.mark.parametrize(("layer", "example"), CASES, ids=identifier)
def test_the_arithmetic_of_every_layer_gives_its_numbers(layer: type[Layer], example: Example) -> None:
    model = spec(example)
    numbers = sizes(model.program, example)
    for path in paths(model.program):
        found = why(model.program, path)
        assert found is not None
        for reason in found.reasons:
            assert _evaluated(reason.text, numbers) == substitute(reason.value, dict(numbers)), (path, reason)
    _check_counts(model.program)


def _check_counts(program: Program) -> None:
    """Check that the reasons of every layer are those of all its weights, products and windows."""
    counted = batch_of(program)
    one = {counted.symbol: 1} if counted else {}
    for call in program.main.calls:
        if not isinstance(call.callee, Layer) or call.label is None:
            continue
        own, types = call.callee, program.main.types(call.inputs)
        found = why(program, call.label)
        assert found is not None
        values = {reason.subject.partition(" (")[0]: reason.value for reason in found.reasons}
        for subject, buffers in (("parameters", False), ("buffers", True)):
            weights = [weight for weight in own.weights(*types) if weight.buffer is buffers]
            assert values.get(subject, 0) == sum(weight.elements for weight in weights)
        assert values.get("multiply-accumulates", 0) == substitute(own.macs(*types), one)
        sizes_told = [reason for reason in found.reasons if reason.subject.startswith("dimension")]
        assert len(sizes_told) >= len(own.windows(*types))
        assert all(reason.text != str(reason.value) for reason in sizes_told), "the arithmetic, not its result"
        assert [found.outputs[0].shape[int(each.subject.split()[1])] for each in sizes_told] == [
            reason.value for reason in sizes_told
        ]


@pytest.mark.parametrize("name", ["resnet18", "gpt2", "unet", "imdb_lstm", "mobilenet_v2"])
def test_the_parameters_of_a_layer_are_those_of_its_keys(name: str) -> None:
    model = nnspec.load(name)
    inner = {path.rpartition(".")[0] for path in paths(model.program)}
    for path in paths(model.program):
        found = why(model.program, path)
        assert found is not None
        counted = sum(reason.value for reason in found.reasons if reason.subject == "parameters")  # type: ignore[misc]
        own = [entry for entry in state_dict(model.program) if entry.key.startswith(path + ".")]
        if path not in inner:
            assert counted == sum(entry.weight.elements for entry in own if not entry.weight.buffer)


def test_a_layer_is_explained_with_the_numbers_of_its_model() -> None:
    found = CliRunner().invoke(main, ["explain", "resnet50", "conv1"])
    assert found.exit_code == 0
    assert "Conv2d(64, 7, stride = 2, padding = 3, bias = false)" in found.stdout
    assert "dimension 2: 112 = (224 + 3 + 3 − 7) // 2 + 1" in found.stdout
    assert "parameters: 9,408 = 64 · 3 · 7 · 7" in found.stdout
    assert "multiply-accumulates (N = 1): 118,013,952 = 112 · 112 · 9,408" in found.stdout
    block = str(nnspec.load("resnet50").why("layer1.0"))
    assert "4,096 (conv1) + 128 (bn1)" in block and "16,896 (downsample)" in block
    smaller = CliRunner().invoke(main, ["explain", "resnet50", "fc", "--set", "classes=10"])
    assert "parameters: 20,490 = 10 · 2,048 + 10" in smaller.stdout


def test_a_layer_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(SpecError, match=r"(?s)no layer at layer1.0.conv9.*did you mean layer1.0.conv") as caught:
        nnspec.load("resnet50").why("layer1.0.conv9")
    assert caught.value.diagnostics[0].code == "E0507"
