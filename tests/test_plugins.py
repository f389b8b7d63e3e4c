"""Plug-ins: what others register is written, checked, trained, exported and tested as nnspec's own is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.callbacks import named
from nnspec.callbacks.callback import CALLBACKS
from nnspec.cli.main import main
from nnspec.layers import registry
from nnspec.plugin import (
    Activation,
    Data,
    Example,
    Optimizer,
    Schedule,
    loading,
    register_layer,
    register_onnx_row,
    register_torch_row,
)
from nnspec.recipe.choice import CHOICES
from nnspec.testing import contract
from nnspec.to_onnx import row as onnx_row
from nnspec.to_torch import row as torch_row
from nnspec.train import run as training
from nnspec.train.rows import AUGMENTATIONS, OPTIMIZERS, READERS, SCHEDULES


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What a test registers is gone behind it; what nnspec registers itself is there before."""
    assert named.BUILT_IN and training.train_run
    tables: list[dict[Any, Any]] = [
        registry._layers, registry._roles, torch_row.ROWS, onnx_row.ROWS, onnx_row.UNSUPPORTED, loading._loaded,
        CALLBACKS, *CHOICES.values(), *(table.rows for table in (AUGMENTATIONS, OPTIMIZERS, READERS, SCHEDULES)),
    ]  # fmt: skip
    before = [dict(table) for table in tables]
    yield
    for name in loading._loaded:
        sys.modules.pop(Path(name).stem, None)
    for table, kept in zip(tables, before, strict=True):
        table.clear()
        table.update(kept)


class Swish(Activation):
    """x * sigmoid(beta * x)."""

    by_position: ClassVar[tuple[str, ...]] = ("beta",)
    function: ClassVar[str | None] = "swish"
    examples: ClassVar = (Example("Swish"), Example("swish(a, beta = 2.0)"))

    beta: float = 1.0


def in_torch(layer: Swish, use: Any) -> str:
    return f"{use.inputs[0]} * torch.sigmoid({layer.beta} * {use.inputs[0]})"


def in_onnx(layer: Swish, use: Any, graph: Any) -> str:
    (x,) = use.inputs
    return graph.node("Mul", [x, graph.node("Sigmoid", [graph.node("Mul", [x, graph.constant(layer.beta)])])])


def wrong(given: object) -> Any:
    """A function of a plug-in that gives something, or fails."""

    def function(*arguments: Any) -> object:
        return 1 / 0 if given is ZeroDivisionError else given

    return function


@pytest.mark.parametrize("given", [ZeroDivisionError, None, 3])
def test_a_layer_whose_rules_or_rows_fail_is_told_with_the_line_of_the_plugin(given: object, tmp_path: Path) -> None:
    told = "fails: ZeroDivisionError: division by zero, in test_plugins.py" if given is ZeroDivisionError else "of type"
    spec = "model A { input x: float[N, 4]; output y = Odd }"
    register_layer(type("Odd", (Activation,), {"__doc__": "Odd.", "__module__": __name__, "infer": wrong(given)}))
    with pytest.raises(nnspec.SpecError, match=f"(?s)E0205.*its `infer` .*{told}.*model A"):
        nnspec.loads(spec)
    odd = register_layer(type("Odd", (Activation,), {"__doc__": "Odd.", "__module__": __name__}))
    register_torch_row(odd)(wrong(given))
    register_onnx_row(odd)(wrong(given))
    with pytest.raises(nnspec.SpecError, match=f"E0301.*its row .*{told}"):
        nnspec.loads(spec).torch_source()
    with pytest.raises(nnspec.SpecError, match=f"E0702.*its row .*{told}"):
        nnspec.loads(spec).to_onnx()


@pytest.mark.parametrize("given", [ZeroDivisionError, None, 3])
def test_what_else_of_a_plugin_fails_is_told_with_its_word(given: object, tmp_path: Path) -> None:
    module = {"__doc__": "Odd.", "__module__": __name__}
    data = type("OddData", (Data,), module, word="odd_data")
    schedule = type("OddSchedule", (Schedule,), module, word="odd_schedule")
    optimizer = type("OddOptimizer", (Optimizer,), module, word="odd_optimizer")
    nnspec.register_data(data)(wrong(given))
    nnspec.register_schedule(schedule)(wrong(given))
    nnspec.register_optimizer(optimizer)(wrong(given))
    model: Any = nnspec.loads(
        "model A { input x: float[N, 4]; output y = Linear(3) }\ntrain {\n  data = iris\n  epochs = 1\n}"
    )
    for recipe, code in (
        ({"data": "odd_data"}, "E0450|E0611"),
        ({"schedule": "odd_schedule"}, "E0450.*fails at odd_schedule"),
        ({"optimizer": "odd_optimizer(lr = 0.1)"}, "E0450.*fails at odd_optimizer"),
    ):
        with pytest.raises(nnspec.SpecError, match=code):
            model.train(runs=tmp_path, quiet=True, **recipe)


def test_a_layer_of_a_plugin_keeps_the_contract_that_nnspecs_own_keep() -> None:
    register_layer(Swish)
    register_torch_row(Swish)(in_torch)
    register_onnx_row(Swish)(in_onnx)
    assert len(contract(Swish)) == 2
    assert contract(Swish, Example("Swish(3.0)", ("float[N, T]",)))[0].exported


def test_a_layer_that_breaks_its_contract_is_told_what_differs() -> None:
    with pytest.raises(AssertionError, match="Swish is not registered"):
        contract(Swish)
    register_layer(Swish)
    register_torch_row(Swish)(in_torch)
    with pytest.raises(AssertionError, match="neither a row for ONNX"):
        contract(Swish)
    register_onnx_row(Swish)(lambda layer, use, graph: graph.node("Sigmoid", [use.inputs[0]]))
    with pytest.raises(AssertionError, match="of onnxruntime is not that of PyTorch"):
        contract(Swish)


FORTY = Path(__file__).parent / "plugins" / "forty_lines.py"
WAVES = """
model Waves {
  input x: float[N, 1]
  Linear(16) -> Swish
  Linear(16) -> Swish(2.0)
  output guess = Linear(1)
}
train {
  data    = waves(noise = 0.05)
  loss    = mse(guess, y)
  metrics = [worst(guess, y)]
  epochs  = 2
  batch   = 20
}
"""


def told(*arguments: str) -> str:
    result = CliRunner().invoke(main, [*arguments, "--plugin", str(FORTY)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_file_of_forty_lines_brings_a_layer_a_data_set_a_metric_and_a_callback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(FORTY.read_text().splitlines()) == 40
    monkeypatch.chdir(tmp_path)
    Path("waves.nn").write_text(WAVES)
    assert "Waves is sound" in told("check", "waves.nn")
    assert "Linear + Swish" in told("summary", "waves.nn")
    assert "best worst" in told("train", "waves.nn", "--callback", "diary", "--name", "one")
    assert Path("runs/one/diary.txt").read_text().startswith("epoch 1: worst ")
    told("train", "--resume", "runs/one", "--set", "epochs=3", "--callback", "diary")
    assert len(Path("runs/one/diary.txt").read_text().splitlines()) == 3
    weights = ("--weights", "runs/one/best.safetensors")
    assert "equals PyTorch" in told("export", "waves.nn", *weights, "--onnx", "waves.onnx", "--torch", "waves.py")
    assert "torch.sigmoid(" in Path("waves.py").read_text()
    assert "waves.onnx equals Waves" in told("verify", "waves.nn", "waves.onnx", *weights)
    assert "x * sigmoid(beta * x)" in told("explain", "swish") and "Points of a sine" in told("explain", "waves")
    plugin = loading.load_plugin(str(FORTY))
    assert contract(plugin.Swish) and not contract(plugin.Worst)[0].exported


KINDS = '''
from nnspec import plugin as nn


class Darken(nn.Augmentation, word="darken"):
    """Darker pictures, whose black stays."""

    moves: ClassVar[bool] = False
    least: float = 0.5


@nn.register_augmentation(Darken)
def _(choice, pictures, draws):
    factor = choice.least + (1 - choice.least) * torch.rand(len(pictures), 1, 1, 1, generator=draws)
    return lambda values, black: (values - black.view(1, -1, 1, 1)) * factor + black.view(1, -1, 1, 1)


class Signs(nn.Optimizer, word="Signs"):
    """Steps by the signs of gradients."""

    lr: float = 1e-3


@nn.register_optimizer(Signs)
def _(choice, groups, fused):
    return torch.optim.Rprop(groups, lr=choice.lr) if choice.lr > 1 else torch.optim.SGD(groups, lr=choice.lr)


class Steps(nn.Schedule, word="halves"):
    """Half of the rate in each epoch."""


@nn.register_schedule(Steps)
def _(choice, course):
    return lambda step: nn.Pace(course.highest / 2 ** (step // course.steps_per_epoch))
'''


def test_a_plugin_brings_augmentations_optimizers_and_schedules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    heads = "from typing import ClassVar\n\nimport torch\n"
    Path("three_kinds.py").write_text(heads + KINDS)
    loading.load_plugin("three_kinds.py")
    text = (
        "model P {\n  input image: float[N, 1, 8, 8]\n  Flatten\n  output logits = Linear(10)\n}\ntrain { epochs = 3 }"
    )
    given: dict[str, Any] = {"augment": "darken(0.25)", "optimizer": "Signs(lr = 0.5)", "schedule": "halves"}
    model = nnspec.loads(text)
    assert model.check(**given) == []
    run = model.train("digits", runs=tmp_path, quiet=True, **given)
    assert [row["learning_rate"] for row in run.history] == [0.5, 0.25, 0.125]
    plain = model.train("digits", runs=tmp_path, quiet=True, **{**given, "augment": "darken(1.0)"})
    none = model.train("digits", runs=tmp_path, quiet=True, **{**given, "augment": []})
    assert plain.history[0]["loss"] == pytest.approx(none.history[0]["loss"], rel=1e-4) != run.history[0]["loss"]
    with pytest.raises(nnspec.SpecError, match=r"darken.*\n[\s\S]*did you mean `?least"):
        model.check(augment="darken(leest = 0.5)")


def test_a_notebook_may_define_its_layer_again_and_another_module_may_not() -> None:
    for module in ("cell", "cell"):
        register_layer(type("Wobble", (Activation,), {"__module__": module, "__qualname__": "Wobble"}))
    with pytest.raises(nnspec.SpecError, match=r"E0451.*the layer Wobble is there already: cell has it"):
        register_layer(type("Wobble", (Activation,), {"__module__": "other", "__qualname__": "Wobble"}))
    with pytest.raises(nnspec.SpecError, match="the function relu is there already"):
        register_layer(type("Rectified", (Activation,), {"__module__": "cell", "function": "relu"}))
