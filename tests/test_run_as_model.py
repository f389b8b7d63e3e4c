"""The folder of a run is a model wherever one is taken, with its best weights where some are needed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main

RUN = Path(__file__).parent / "old_files" / "0.1.0" / "run"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(RUN, "iris")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (("summary", "iris"), "Trainable parameters  131"),
        (("check", "iris"), "Iris is sound"),
        (("draw", "iris"), "<svg"),
        (("show", "iris"), "model Iris {"),
        (("explain", "iris", "0"), "64"),
        (("diff", "iris", "iris/spec.nn"), "no difference"),
        (("weights", "check", "iris", "iris/best.safetensors"), "4 fit"),
        (("export", "iris", "--onnx", "iris.onnx"), "equals PyTorch within"),
        (("export", "iris", "--triton", "models"), "equals PyTorch within"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_takes_a_run(arguments: tuple[str, ...], shown: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    assert shown in done.output


def test_what_is_exported_has_the_weights_and_the_normalisation_of_the_run() -> None:
    assert run("export", "iris", "--onnx", "iris.onnx", "--torch", "iris.py").exit_code == 0
    assert run("verify", "iris", "iris.onnx").exit_code == 0
    by_file = nnspec.load("iris/spec.nn").torch_source("iris/best.safetensors")
    assert Path("iris.py").read_text() == by_file


def test_a_run_takes_no_other_arguments_and_is_gone_on_with_by_resume() -> None:
    with pytest.raises(SpecError, match="E0454"):
        nnspec.load("iris", inputs={"features": (3, 4)})
    done = run("train", "iris")
    assert done.exit_code == 2 and "--resume iris" in done.output
