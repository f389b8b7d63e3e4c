"""Nothing of the reference is forgotten: every record, golden and architecture stands in a table that tests run over."""

from __future__ import annotations

import pytest
from reference import classics, keras, language, later, sequences, vision
from reference.records import SPECS, goldens, names, record

import nnspec
from nnspec.ir.state import state_dict

RECORDS = classics.CLASSICS | vision.VISION | sequences.SEQUENCES | keras.KERAS
GOLDENS = classics.GOLDENS | vision.GOLDENS | later.GOLDENS | sequences.GOLDENS
# Parameters of variants that have no record: stated by papers and libraries, tested beside those that have one.
STATED = {
    *(parameters for _, _, _, parameters in classics.VARIANTS + sequences.VARIANTS + vision.PUBLISHED),
    *(parameters for _, _, _, parameters, *_ in vision.VARIANTS),
}
# What Keras prints counts moving statistics as parameters.
PRINTED = [
    ("Xception (Keras summary)", "xception.nn", {}),
    ("Inception-ResNet-v2 (Keras summary)", "inception_resnet_v2.nn", {"scale": False}),
]


def test_every_record_has_a_spec() -> None:
    assert sorted(RECORDS) == names()["records"]
    assert all(record(name)["name"] == name for name in RECORDS)


def test_every_golden_is_computed() -> None:
    assert sorted(GOLDENS | language.GOLDENS) == sorted(goldens())
    assert sorted(GOLDENS) == names()["goldens"]


def test_every_architecture_has_a_record_or_a_stated_count() -> None:
    printed = {architecture for architecture, _, _ in PRINTED}
    for architecture, parameters, name in names()["architectures"]:
        if name is not None:
            assert record(name)["params"]["total"] == parameters and name in RECORDS
        else:
            assert parameters in STATED or architecture in printed, architecture


@pytest.mark.parametrize(("architecture", "file", "settings"), PRINTED)
def test_keras_prints_what_is_kept(architecture: str, file: str, settings: dict[str, bool]) -> None:
    ours = nnspec.load(SPECS / file, settings=settings).program
    kept = sum(entry.weight.elements for entry in state_dict(ours) if entry.weight.dtype == "float")
    assert [architecture, kept, None] in names()["architectures"]
