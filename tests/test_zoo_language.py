"""Language models against transformers: parameters, keys and shapes, of small models and of all published sizes."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import pytest
from reference.language import GOLDENS, PUBLISHED
from reference.proof import load
from reference.records import SPECS, goldens, published

import nnspec
from nnspec.ir import Program
from nnspec.ir.state import state_dict, totals


def layout(program: Program) -> dict[str, Any]:
    """Number and digest of the keys and shapes of a model."""
    lines = [f"{entry.key} {list(entry.weight.shape)}" for entry in state_dict(program)]
    return {"entries": len(lines), "digest": sha256("\n".join(lines).encode()).hexdigest()[:16]}


@pytest.mark.parametrize("name", GOLDENS)
def test_a_small_model_has_the_keys_and_shapes_of_transformers(name: str) -> None:
    assert layout(load(GOLDENS[name]).program) == goldens()[name]["state_dict"]


@pytest.mark.parametrize("row", published(), ids=lambda row: row["name"])
def test_a_model_of_published_size_has_the_parameters_keys_and_shapes_of_transformers(row: dict[str, Any]) -> None:
    file, model = PUBLISHED[row["name"]]
    ours = nnspec.load(SPECS / file, model).program
    assert totals(ours)[ours.entry].parameters == row["params"]
    assert layout(ours) == row["state_dict"]


def test_every_published_size_is_recorded() -> None:
    assert sorted(PUBLISHED) == sorted(row["name"] for row in published())
