"""Plug-ins: what others register is written, checked, trained, exported and tested as nnspec's own is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

from nnspec.callbacks.callback import CALLBACKS
from nnspec.cli.main import main
from nnspec.layers import registry
from nnspec.plugin import (
    Activation,
    Example,
    loading,
    register_layer,
    register_onnx_row,
    register_torch_row,
)
from nnspec.recipe.choice import CHOICES
from nnspec.testing import contract
from nnspec.to_onnx import row as onnx_row
from nnspec.to_torch import row as torch_row
from nnspec.train.rows import AUGMENTATIONS, OPTIMIZERS, READERS, SCHEDULES


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    """What a test registers is gone behind it."""
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
