"""The zoo by name: `nnspec zoo` lists it, and every command and the library find its models by name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from reference.records import SPECS, record

import nnspec
from nnspec import SpecError
from nnspec.cli.main import main
from nnspec.diagnostics import Sink
from nnspec.elaborate.files import Files, read_source
from nnspec.limits import DEFAULT_LIMITS
from nnspec.zoo import counted, entries, families, find
from nnspec.zoo_parameters import recorded


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), catch_exceptions=False)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# --- the list


@pytest.mark.parametrize("family", families(), ids=lambda family: family.name)
def test_the_listed_models_are_those_that_the_file_declares(family: nnspec.zoo.Family) -> None:
    path = SPECS / f"{family.name}.nn"
    source = read_source(path, path.name, Sink(), DEFAULT_LIMITS)
    assert source is not None
    declared = Files(Sink(), DEFAULT_LIMITS, SPECS).main(source, path.resolve()).models
    assert family.models == tuple(definition.name for definition in declared)
    assert family.models


def test_every_name_of_the_zoo_means_one_thing() -> None:
    for family in families():
        assert find(family.name) == (family, None)
        for model in family.models:
            found = find(model)
            assert found is not None and found[0] == family and found[1] in (None, model)
            assert found[1] == model or family.models[0] == model


def test_the_parameters_that_are_listed_are_of_the_specs_as_they_stand() -> None:
    """If this fails: `python -m nnspec.zoo`, and commit what it writes."""
    assert recorded(), "a spec of the zoo has changed"
    for name in ("resnet", "gpt2", "mixtral", "yolov8"):
        family = next(each for each in families() if each.name == name)
        assert list(entries(family)) == list(counted(family))


@pytest.mark.slow
def test_all_parameters_that_are_listed_are_those_of_the_models() -> None:
    for family in families():
        assert list(entries(family)) == list(counted(family))


def test_the_whole_list_has_all_models_with_their_parameters() -> None:
    listed = json.loads(run("zoo", "--json").stdout)
    assert [row["model"] for row in listed] == [model for family in families() for model in family.models]
    assert [row["model"] for row in listed if row["parameters"] is None] == []
    parameters = {row["model"]: row["parameters"] for row in listed}
    assert parameters["ResNet50"] == record("resnet50")["params"]["total"]
    assert parameters["BERTLarge"] == record("bert_large")["params"]["total"]
    assert parameters["GPT3"] == record("gpt3_175b")["params"]["total"]


def test_a_family_is_listed_with_year_and_paper() -> None:
    lines = run("zoo", "densenet").stdout.splitlines()
    assert lines == [
        "model        family    year       parameters  paper",
        "DenseNet     densenet  2016        7,978,856  Densely connected convolutional networks",
        "DenseNet121  densenet  2016        7,978,856  Densely connected convolutional networks",
        "DenseNet161  densenet  2016       28,681,000  Densely connected convolutional networks",
        "DenseNet169  densenet  2016       14,149,480  Densely connected convolutional networks",
        "DenseNet201  densenet  2016       20,013,928  Densely connected convolutional networks",
    ]
    assert run("zoo", "DenseNet-121").stdout.splitlines() == lines


def test_an_unknown_family_is_a_diagnostic_with_the_nearest_name() -> None:
    result = run("zoo", "desnet")
    assert result.exit_code == 1
    assert "error[E0505]: desnet is neither a file nor a model of the zoo" in result.stderr
    assert "did you mean densenet?" in result.stderr


# --- names


@pytest.mark.parametrize("name", ["resnet50", "ResNet50", "resnet-50", "RES_NET_50"])
def test_a_model_is_found_whatever_its_capitals_and_dashes(name: str) -> None:
    model = nnspec.load(name)
    assert model.name == "ResNet50"
    assert model.summary().totals.parameters == record("resnet50")["params"]["total"]


@pytest.mark.parametrize(
    ("name", "model"),
    [("opt-1.3b", "OPT1_3B"), ("opt-13b", "OPT13B"), ("qwen3_0_6b", "Qwen3_0_6B"), ("Phi-3-mini", "Phi3Mini")],
)
def test_a_point_in_a_size_is_no_separator(name: str, model: str) -> None:
    assert nnspec.load(name).name == model


def test_the_name_of_a_file_is_its_first_model_and_model_names_another() -> None:
    assert nnspec.load("resnet").name == "ResNet"
    assert nnspec.load("resnet", "ResNet18").name == "ResNet18"
    assert nnspec.load("resnet50", "ResNet18").name == "ResNet18"
    assert nnspec.load("dcgan-generator").name == "DCGANGenerator"


def test_settings_reach_a_model_found_by_name() -> None:
    assert run("check", "resnet18", "--set", "classes=7").stdout == "resnet18: ResNet18 is sound\n"
    last = json.loads(run("summary", "resnet18", "--set", "classes=7", "--json").stdout)["rows"][-1]
    assert last["parameters"] == 512 * 7 + 7


def test_show_prints_the_file_of_a_model() -> None:
    assert run("show", "resnet50").stdout.strip() == (SPECS / "resnet.nn").read_text(encoding="utf-8").strip()


def test_export_finds_a_model_by_name() -> None:
    assert run("export", "lenet5", "--torch", "lenet5.py").exit_code == 0
    assert "class LeNet5(nn.Module)" in Path("lenet5.py").read_text(encoding="utf-8")


def test_train_and_predict_find_a_model_by_name() -> None:
    trained = run("train", "lenet5", "--set", "epochs=1", "--name", "one", "--quiet")
    assert trained.exit_code == 0 and Path("runs/one/best.safetensors").is_file()
    np.save("image.npy", np.zeros((1, 1, 32, 32), np.float32))
    predicted = run("predict", "lenet5", "--weights", "runs/one/best.safetensors", "--input", "image.npy")
    assert predicted.exit_code == 0 and predicted.stdout.startswith("logits  float32 [1, 10]")


def test_a_file_of_that_name_goes_before_the_zoo() -> None:
    Path("resnet50").write_text("model Mine { input x: float[N, 3]; Linear(2) }\n")
    assert nnspec.load("resnet50").name == "Mine"


@pytest.mark.parametrize(
    ("name", "close"), [("resnt50", "resnet50"), ("GPT-22", "gpt2"), ("mobilnet_v2", "mobilenet_v2")]
)
def test_an_unknown_name_is_a_diagnostic_with_the_nearest(name: str, close: str) -> None:
    for command in ("summary", "show", "check"):
        result = run(command, name)
        assert result.exit_code == 1
        assert f"error[E0505]: {name} is neither a file nor a model of the zoo" in result.stderr
        assert f"did you mean {close}?" in result.stderr
    with pytest.raises(SpecError, match="E0505"):
        nnspec.load(name)


def test_a_name_that_resembles_nothing_points_to_the_list() -> None:
    assert "`nnspec zoo` lists what there is" in run("check", "qqqqqqqq").stderr


@pytest.mark.parametrize("name", ["none.nn", "zoo/none.nn", "./resnet50", "folder/resnet50"])
def test_a_path_is_never_looked_up_in_the_zoo(name: str) -> None:
    result = run("check", name)
    assert result.exit_code == 1 and "E0505" not in result.stderr
