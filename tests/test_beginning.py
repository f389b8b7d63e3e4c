"""`nnspec new` writes specs that are sound and train as they stand; `nnspec doctor` tells what is installed."""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner, Result

import nnspec
from nnspec.beginning.kinds import KINDS
from nnspec.cli.main import main
from nnspec.ir.state import totals


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
def test_every_kind_is_a_sound_spec_under_the_name_that_was_given(kind: str) -> None:
    Path("nets").mkdir()
    done = run("new", "nets/my-net_2", "--like", kind)
    assert done.exit_code == 0, done.output
    written = done.output.split()
    assert written[0] == "nets/my-net_2.nn"
    assert all(Path(path).is_file() for path in written)
    text = Path(written[0]).read_text(encoding="utf-8")
    several = kind in ("vae", "gan", "cyclegan", "diffusion")  # their recipes name their models
    assert ("model MyNet2" in text) is not several
    assert run("check", written[0]).exit_code == 0
    assert "nnspec train nets/my-net_2.nn" in text and "examples/" not in text
    assert run("format", "--check", "nets").exit_code == 0


@pytest.mark.parametrize("model", ["resnet50", "convnext", "gpt3", "densenet", "bert"])
def test_a_model_of_the_zoo_is_a_beginning_with_the_same_parameters(model: str) -> None:
    assert run("new", "mine", "--like", model).exit_code == 0
    made, original = nnspec.load("mine.nn"), nnspec.load(model)
    assert made.name == "Mine"
    counts = [totals(each.program)[each.program.entry] for each in (made, original)]
    assert counts[0] == counts[1]
    assert run("format", "--check", "mine.nn").exit_code == 0


def test_a_new_spec_trains_as_it_stands_and_another_goes_on_from_its_run() -> None:
    assert run("new", "parity", "--like", "transfer").output.split() == ["parity.nn", "lenet5_digits.nn"]
    assert run("train", "lenet5_digits.nn", "--name", "first", "--quiet", "--set", "epochs=1").exit_code == 0
    done = run("train", "parity.nn", "--quiet", "--set", "epochs=1")
    assert done.exit_code == 0, done.output


def test_a_file_that_is_there_stays_as_it_is() -> None:
    Path("numbers.tsv").write_text("mine")
    done = run("new", "net", "--like", "seq2seq")
    assert done.exit_code == 1 and "numbers.tsv is there already" in done.output
    assert Path("numbers.tsv").read_text() == "mine" and not Path("net.nn").exists()


def test_doctor_tells_versions_extras_and_devices() -> None:
    found = json.loads(run("doctor", "--json").output)
    assert found["nnspec"] == nnspec.__version__ and found["sound"] is True
    parts = {part["name"]: part for part in found["parts"]}
    assert parts["core"]["state"] == "ready" and parts["core"]["packages"]["lark"] == version("lark")
    assert parts["train"]["packages"]["PIL"] == version("pillow")
    assert {"option": "--provider", "name": "cpu", "about": "CPUExecutionProvider"} in found["devices"]


def test_doctor_names_what_is_missing_and_what_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    from nnspec.doctor import packages

    monkeypatch.setattr(packages, "find_spec", lambda name: None if name == "pygls" else object())
    monkeypatch.setitem(sys.modules, "optuna", None)  # to import it raises then
    monkeypatch.setitem(sys.modules, "wandb", ModuleType("wandb"))
    done = run("doctor")
    assert done.exit_code == 1
    assert 'without pygls: pip install "nnspec[lsp]"' in done.output
    assert "optuna cannot be imported: ModuleNotFoundError" in done.output
