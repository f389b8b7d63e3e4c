"""The public surface: which names there are, what they say of themselves, and that type checkers see through them."""

from __future__ import annotations

import doctest
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import nnspec
from nnspec.recipe.arguments import RecipeArguments
from nnspec.recipe.recipe import KEYS

FOLDER = Path(__file__).parent / "typed"
NAMES = [
    "Callback", "Diagnostic", "Limits", "Model", "Run", "Session", "SpecError", "WeightChoice", "__version__",
    "check", "evaluate", "format", "from_config", "from_json", "from_onnx", "from_torch", "load", "load_plugin", "loads", "predict",
    "register_augmentation", "register_callback", "register_data", "register_layer", "register_no_onnx_row",
    "register_onnx_row", "register_optimizer", "register_schedule", "register_torch_row",
    "resume", "zoo",
]  # fmt: skip
MEMBERS = [
    "benchmark", "cached", "check", "compare_weights", "diff", "draw", "evaluate", "export_onnx", "export_triton", "find_learning_rate",
    "load_weights", "name", "others", "page", "predict", "prepared", "sample", "session", "sources", "summary", "text",
    "to_json", "to_onnx", "to_torch", "torch_source", "train", "verify", "verify_onnx", "why",
]  # fmt: skip


def test_the_surface_is_what_is_written_here() -> None:
    """Who adds a name adds it here; who takes one away leaves the old name with a DeprecationWarning."""
    assert sorted(nnspec.__all__) == dir(nnspec) == sorted(NAMES)
    public = [name for name in vars(nnspec.Model) if not name.startswith("_")]
    assert sorted(set(public) - {"constants", "decoder", "encoder", "notes", "tolerance", "weights"}) == sorted(MEMBERS)


def test_every_name_says_what_it_is() -> None:
    offered: list[Any] = [getattr(nnspec, name) for name in NAMES if name != "__version__"]
    for each in [*offered, *(getattr(nnspec.Model, name) for name in MEMBERS)]:
        assert inspect.getdoc(each), each
    with pytest.raises(AttributeError, match="lod"):
        nnspec.lod  # noqa: B018


def functions() -> Iterator[tuple[str, Any]]:
    """The public functions, and those of public classes that a user calls."""
    for name in set(NAMES) - {"__version__", "zoo", "Diagnostic", "SpecError", "Callback", "Limits", "WeightChoice"}:
        given = getattr(nnspec, name)
        members = inspect.getmembers(given, inspect.isroutine) if inspect.isclass(given) else [("", given)]
        yield from (
            (f"{name}.{each}".strip("."), function)
            for each, function in members
            if not each.startswith("_") and each not in ("verify_onnx", "replace")
        )


def test_every_argument_is_described() -> None:
    for name, function in functions():
        described = set(re.findall(r"^    (\w+): ", inspect.getdoc(function) or "", re.MULTILINE))
        assert inspect.signature(function).parameters.keys() - {"self"} <= described, name


def test_the_examples_of_docstrings_run() -> None:
    finder, runner = doctest.DocTestFinder(), doctest.DocTestRunner()
    for name in set(NAMES) - {"__version__", "zoo"}:
        for each in finder.find(getattr(nnspec, name), name, globs={"nnspec": nnspec, "torch": torch}):
            runner.run(each)
    assert runner.tries > 10 and runner.failures == 0


def test_what_comes_back_shows_itself_in_a_line_or_as_a_table() -> None:
    model = nnspec.load("lenet5")
    assert repr(model.summary()) == str(model.summary()) and repr(model.diff(model)) == "LeNet5: no difference"
    assert repr(model.draw()) == "<Picture of LeNet5>" and repr(nnspec.Limits()) == "Limits()"
    assert repr(nnspec.check("nope.nn")) == "[<error[E0105]: cannot read nope.nn: there is no such file>]"
    assert repr(model.compare_weights(model.to_torch().state_dict())).endswith("with LeNet5: 10 fits>")
    assert dir(nnspec.zoo) == sorted(nnspec.zoo.__all__)


def test_a_recipe_has_a_typed_argument_for_every_key() -> None:
    assert {*RecipeArguments.__annotations__, "data"} == set(KEYS)
    for function in (nnspec.Model.train, nnspec.Model.check, nnspec.resume, nnspec.check):
        assert "data" in inspect.signature(function).parameters


def test_a_key_that_there_is_not_is_told_with_the_nearest_one() -> None:
    model = nnspec.load("lenet5")
    mistaken: dict[str, Any] = {"epocs": 3}
    with pytest.raises(nnspec.SpecError, match=r"a recipe has no key epocs\n.*did you mean epochs"):
        model.train(**mistaken)


def test_a_word_of_a_few_needs_no_quotes_of_its_own() -> None:
    model = nnspec.load("lenet5")
    assert (
        model.check(precision="bfloat16", decay="matrices", metrics=["accuracy(logits, label)"], better="higher") == []
    )


def test_a_model_and_a_run_show_what_they_are(tmp_path: Path) -> None:
    assert repr(nnspec.load("lenet5")) == "<Model LeNet5: image [N, 1, 32, 32] -> logits [N, 10], 61,706 parameters>"
    text = (
        "model F {\n  input features: float[N, 4]\n  output logits = Linear(3)\n}\ntrain { data = iris  \n epochs = 2 }"
    )
    run = nnspec.loads(text).train(runs=tmp_path, quiet=True)
    assert repr(run) == f"<Run {run.folder}: 2 epochs, best accuracy {run.best:.4f} in epoch {run.best_epoch}>"
    stored = nnspec.Run.open(run)
    assert (stored.best, stored.best_epoch, stored.best_weights) == (run.best, run.best_epoch, run.best_weights)
    assert [row["loss"] for row in stored.history] == [row["loss"] for row in run.history]
    with pytest.raises(nnspec.SpecError, match="E0615"):
        nnspec.Run.open(tmp_path)


def test_check_gives_every_finding_of_all_models_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "two.nn"
    path.write_text(
        "model A {\n  input x: float[N, 4]\n  Linear(2)\n}\nmodel B {\n  input x: float[N, 4]\n  Linaer(2)\n}\n"
    )
    assert [each.diagnostic.code for each in nnspec.check(path)] == ["E0201"]
    assert nnspec.check(path, "A") == [] and nnspec.check("resnet18") == []


def test_format_gives_the_canonical_text_and_refuses_what_is_none() -> None:
    assert nnspec.format("model A {\ninput x: float[N,4]\nLinear(2)\n}") == (
        "model A {\n  input x: float[N, 4]\n  Linear(2)\n}\n"
    )
    with pytest.raises(nnspec.SpecError):
        nnspec.format("model {")


def test_a_former_name_works_and_warns() -> None:
    model = nnspec.load("lenet5")
    with pytest.warns(DeprecationWarning, match="verify_onnx is now called verify"), pytest.raises(nnspec.SpecError):
        model.verify_onnx("no such file.onnx")


def checked(*command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", *command], capture_output=True, text=True, cwd=FOLDER.parent.parent
    ).stdout


@pytest.mark.slow
def test_mypy_infers_the_whole_surface_and_refuses_what_is_not_on_it() -> None:
    pytest.importorskip("mypy")
    assert "Success" in checked("mypy", "--strict", "--follow-imports", "silent", str(FOLDER / "surface.py"))
    refused = checked("mypy", "--strict", "--follow-imports", "silent", str(FOLDER / "refused.py"))
    assert 'Unexpected keyword argument "epocs"' in refused and 'has no attribute "lod"' in refused
    assert refused.count("error:") == 4


@pytest.mark.slow
def test_pyright_infers_the_whole_surface_and_refuses_what_is_not_on_it() -> None:
    command = shutil.which("pyright")
    if command is None:
        pytest.skip("pyright is not installed")

    def told(name: str) -> str:
        given = [command, "--pythonpath", sys.executable, str(FOLDER / name)]
        return subprocess.run(given, capture_output=True, text=True).stdout

    assert "0 errors" in told("surface.py")
    assert "4 errors" in told("refused.py")


@pytest.mark.slow
def test_the_program_of_the_whole_surface_runs(tmp_path: Path) -> None:
    made = subprocess.run([sys.executable, str(FOLDER / "surface.py"), str(tmp_path)], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr
