"""`nnspec.from_config`: a configuration as a file, a folder, its content or an object of transformers becomes a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import nnspec

FOLDERS = Path(__file__).parent / "hub"


class Configuration:
    """As transformers has them."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.options = options

    def to_dict(self) -> dict[str, Any]:
        return self.options


@pytest.mark.parametrize("folder", ["gpt2", "qwen2", "t5", "bert", "bart"])
def test_every_way_to_give_a_configuration_gives_the_same_model(folder: str) -> None:
    path = FOLDERS / folder / "config.json"
    options = json.loads(path.read_text())
    whole = nnspec.load(path.parent)
    for given in (path, str(path), path.parent, options, Configuration(options)):
        found = nnspec.from_config(given)
        assert (found.text, found.weights) == (whole.text, None)
        assert found.to_json() == nnspec.loads(found.text, name="<config>").to_json()


def test_the_task_and_the_name_are_chosen() -> None:
    found = nnspec.from_config(FOLDERS / "bert", head="masked-lm", name="Reader")
    assert found.name == "Reader"
    assert "cls.predictions.decoder.weight" in found.to_torch().state_dict()


def test_mistakes_are_told_with_their_places() -> None:
    options = json.loads((FOLDERS / "gpt2" / "config.json").read_text())
    with pytest.raises(nnspec.SpecError, match=r"gpt22.*\n(.*\n)*.*did you mean gpt2"):
        nnspec.from_config({**options, "model_type": "gpt22"})
    with pytest.raises(nnspec.SpecError, match="n_layer"):
        nnspec.from_config({**options, "n_layer": "twelve"})
    with pytest.raises(nnspec.SpecError, match="of type object"):
        nnspec.from_config({**options, "n_layer": object()})
    with pytest.raises(nnspec.SpecError, match="no such file"):
        nnspec.from_config("nowhere/config.json")
    nothing: Any = 3
    with pytest.raises(nnspec.SpecError, match="a path or a dict or a configuration of transformers"):
        nnspec.from_config(nothing)
