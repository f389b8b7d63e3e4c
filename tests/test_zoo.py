"""Every spec of the zoo against the record of its reference implementation: counts, shapes, keys, every layer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import pytest
from reference import language, later, vision
from reference.classics import CLASSICS, VARIANTS
from reference.keras import KERAS
from reference.records import SPECS, record
from reference.sequences import SEQUENCES
from reference.vision import VISION

import nnspec
from nnspec.ir import Module, Program
from nnspec.ir.macs import call_macs, macs
from nnspec.ir.state import state_dict, totals, weights_total

# Reference classes that a spec writes under another name.
RENAMED = {"AdaptiveAvgPool2d": "GlobalAvgPool2d", "SamePool": "MaxPool2d"}

# The variational autoencoder of the spec takes and gives images, [N, 1, 28, 28], where the reference has vectors of
# 784; the reference's noise is an input, the spec draws it.
SHAPES = {"vae": {"inputs": [[1, 1, 28, 28]], "outputs": [[1, 1, 28, 28], [1, 20], [1, 20]]}}


class Row(NamedTuple):
    """One application of a layer."""

    path: str
    kind: str
    shape: tuple[int, ...]
    parameters: int
    buffers: int
    macs: int


def input_shapes(name: str) -> list[list[int]]:
    """The shapes of the inputs, in order."""
    found: list[list[int]] = SHAPES[name]["inputs"] if name in SHAPES else [x["shape"] for x in record(name)["inputs"]]
    return found


@cache
def program(name: str) -> Program:
    """The program of a record's spec, with the sizes of the record."""
    file, model, settings = CLASSICS[name]
    ports = nnspec.load(SPECS / file, model, settings=settings).program.main.inputs
    shapes = {port.name: tuple(shape) for port, shape in zip(ports, input_shapes(name), strict=True)}
    return nnspec.load(SPECS / file, model, settings=settings, inputs=shapes).program


def rows(program: Program, module: Module, prefix: str = "") -> Iterator[Row]:
    """Every application of a layer in evaluation, in order, repeats expanded."""
    for call in module.calls:
        if call.training:
            continue
        for label in list(call.labels) or [""]:
            path = f"{prefix}{label}"
            if isinstance(call.callee, str):
                yield from rows(program, program.modules[call.callee], f"{path}.")
                continue
            own = weights_total(call.callee.weights(*module.types(call.inputs)))
            shape: Any = module.values[call.outputs[0]].shape
            work: Any = call_macs(module, call, {})
            yield Row(path, call.callee.kind, shape, own.parameters, own.buffers, work // call.count)


def reference_rows(name: str) -> list[Row]:
    """The rows of the record, in the words of the spec."""
    found = []
    for path, kind, shape, parameters, buffers, operations, _ in record(name)["layers"]:
        wanted = RENAMED.get(kind, kind) if kind == "SamePool" or list(shape[-2:]) == [1, 1] else kind
        found.append(Row(path, wanted, tuple(shape), parameters, buffers, operations // 2))
    return found


@pytest.mark.parametrize("name", CLASSICS)
def test_totals_equal_the_reference(name: str) -> None:
    wanted, ours = record(name), program(name)
    total = totals(ours)[ours.entry]
    assert (total.parameters, total.trainable, total.buffers, macs(ours)[ours.entry]) == (
        wanted["params"]["total"],
        wanted["params"]["trainable"],
        wanted["buffers"]["elements"],
        wanted["flops"]["macs"],
    )


@pytest.mark.parametrize("name", CLASSICS)
def test_outputs_have_the_shapes_of_the_reference(name: str) -> None:
    main = program(name).main
    ours = [list(main.values[port.value].shape) for port in main.outputs if not port.training]
    assert ours == (SHAPES[name]["outputs"] if name in SHAPES else list(record(name)["outputs"].values()))


@pytest.mark.parametrize("name", CLASSICS)
def test_state_dict_equals_the_reference(name: str) -> None:
    wanted = [(key, shape, *(rest or ["float32"])) for key, shape, *rest in record(name)["state_dict"]]
    dtypes = {"float": "float32", "int": "int64"}
    entries = list(state_dict(program(name)))
    ours = [(entry.key, list(entry.weight.shape), dtypes[entry.weight.dtype]) for entry in entries]
    if record(name)["key_names"] == "free":  # their order and last components are fixed, not their names
        wanted, ours = ([(key.rsplit(".", 1)[-1], *rest) for key, *rest in each] for each in (wanted, ours))
    assert ours == wanted
    assert {entry.key: entry.tied_to for entry in entries if entry.tied_to} == record(name)["tied"]


@pytest.mark.parametrize("name", CLASSICS)
def test_every_layer_with_weights_equals_the_reference(name: str) -> None:
    ours = [row for row in rows(program(name), program(name).main) if row.parameters]
    wanted = [row for row in reference_rows(name) if row.parameters]
    if record(name)["key_names"] == "free":
        ours, wanted = ([row._replace(path="") for row in each] for each in (ours, wanted))
    assert ours == wanted


@pytest.mark.parametrize("name", CLASSICS)
def test_the_rows_of_the_reference_occur_in_their_order(name: str) -> None:
    """Modules without weights too; the spec may have more of them, where the reference calls a function."""
    remaining = iter([row._replace(path="") for row in rows(program(name), program(name).main)])
    for row in reference_rows(name):
        assert row._replace(path="") in remaining, f"{row} is missing, or not in its place"


def test_auxiliary_classifiers_are_what_the_reference_does_not_call_in_evaluation() -> None:
    ours = program("googlenet_aux")
    called = {row.path for row in rows(ours, ours.main)}
    keys = {entry.key.rpartition(".")[0] for entry in state_dict(ours)}
    assert keys - called == {path for path, _, _ in record("googlenet_aux")["uncalled"]}
    assert [port.name for port in ours.main.outputs if port.training] == ["aux1", "aux2"]


@pytest.mark.parametrize(("file", "model", "settings", "parameters"), VARIANTS)
def test_variants_have_as_many_parameters_as_the_reference(
    file: str, model: str, settings: dict[str, Any], parameters: int
) -> None:
    ours = nnspec.load(SPECS / file, model, settings=settings).program
    assert totals(ours)[ours.entry].parameters == parameters


@pytest.mark.parametrize("probabilities", [False, True])
def test_the_convnet_reads_as_in_the_keras_introduction(probabilities: bool) -> None:
    summary = nnspec.load(SPECS / "mnist_convnet.nn", settings={"probabilities": probabilities}).summary()
    assert [row.parameters for row in summary.rows] == [320, 0, 18_496, 0, 0, 0, 16_010]
    assert summary.parameters == 34_826


def test_a_size_given_from_outside_replaces_the_default_of_the_parameter_that_names_it() -> None:
    main = nnspec.load(SPECS / "densenet.nn", inputs={"image": (2, 3, 64, 96)}).program.main
    assert [str(main.values[port.value]) for port in (*main.inputs, *main.outputs)] == ["[2, 3, 64, 96]", "[2, 1000]"]


@pytest.mark.parametrize("name", ["unet", "unet_2015"])
def test_fully_convolutional_networks_take_any_height_and_width(name: str) -> None:
    main = nnspec.load(SPECS / f"{name}.nn").program.main
    assert [str(size) for size in main.input_types[0].shape[2:]] == ["H", "W"]
    assert isinstance(main.output_types[0].shape[1], int) and str(main.output_types[0].shape[0]) == "N"


def test_every_spec_says_what_it_is_and_is_tested() -> None:
    tables = (CLASSICS.values(), VISION.values(), vision.VARIANTS, vision.PUBLISHED, SEQUENCES.values(), KERAS.values())
    tables = (*tables, later.VARIANTS, language.GOLDENS.values())
    files = {path.name for path in SPECS.glob("*.nn")}
    held = {"deepseek_v3.nn", "qwen2_moe.nn"}  # by test_families, in keys, counts and numbers
    assert files == held | {file for table in tables for file, *_ in table}
    for file in files:
        text = (SPECS / file).read_text(encoding="utf-8")
        assert text.startswith("# ") and nnspec.load(SPECS / file).program.main.kind == "model"
