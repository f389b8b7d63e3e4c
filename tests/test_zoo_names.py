"""The names that torchvision, timm and Ultralytics have for networks find the models of the zoo, or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nnspec.zoo import families, find

# Name elsewhere -> the model of the zoo, or null where the zoo has none. torchvision's list is whole.
ELSEWHERE: dict[str, dict[str, str | None]] = json.loads(
    (Path(__file__).parent / "reference" / "names_elsewhere.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("library", ELSEWHERE)
def test_names_of_other_libraries_find_the_model_of_the_zoo(library: str) -> None:
    def found(name: str) -> str | None:
        entry = find(name)
        return entry and (entry[1] or entry[0].models[0])

    assert {name: found(name) for name in ELSEWHERE[library]} == ELSEWHERE[library]


def test_sizes_may_be_words_or_letters_and_numbers_stay_apart() -> None:
    assert find("swin_t") == find("swin-tiny") == find("SwinTiny")
    models = [model for family in families() for model in family.models]
    assert len({name for model in models if (name := (find(model) or ("", None))[1])}) >= len(models) - len(families())
