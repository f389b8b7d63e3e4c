"""Every spec of a network over sequences against the record of its reference: counts, shapes, keys, every layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from math import prod
from typing import Any, NamedTuple

import pytest
from reference.keras import KERAS
from reference.records import SPECS, record
from reference.sequences import SEQUENCES, VARIANTS

import nnspec
from nnspec.ir import Call, Module, Program
from nnspec.ir.macs import call_macs, macs
from nnspec.ir.state import state_dict, totals, weights_total
from nnspec.layers.base import Layer

# Classes of the references that a spec writes under another name.
RENAMED = {
    "GELUActivation": "GELU",
    "NewGELUActivation": "GELU",
    "QuickGELUActivation": "QuickGELU",
    "SiLUActivation": "SiLU",
    "T5LayerNorm": "RMSNorm",
    "LlamaRMSNorm": "RMSNorm",
    "MistralRMSNorm": "RMSNorm",
}
# Modules of the references that a spec has no module for: they hold nothing, and their results are functions' here.
FUNCTIONS = {"LlamaRotaryEmbedding", "MistralRotaryEmbedding"}
OPEN = {"keras_gru", "keras_imdb_lstm", *SEQUENCES} - {"clip_vit_b32"}  # networks for any batch and any length


class Work(NamedTuple):
    """What the applications of one module do together."""

    kind: str
    elements: int  # of its first result
    macs: int


@cache
def program(name: str) -> Program:
    """The program of a record's spec, with the sizes of the record."""
    file, model, settings = SEQUENCES[name]
    ports = nnspec.load(SPECS / file, model, settings=settings).program.main.inputs
    shapes = {port.name: tuple(x["shape"]) for port, x in zip(ports, record(name)["inputs"], strict=True)}
    return nnspec.load(SPECS / file, model, settings=settings, inputs=shapes).program


def calls(
    program: Program, module: Module, prefix: str = "", times: int = 1
) -> Iterator[tuple[str, Module, Call, str, int]]:
    """Path, body, call, name and number of applications of every labelled call, repeats and scans expanded."""
    for call in module.calls:
        often: Any = times * (call.scan.length(module.types(call.inputs)) if call.scan else 1)
        for label in call.labels:
            path = f"{prefix}{label}"
            if isinstance(call.callee, str):
                inner = program.modules[call.callee]
                yield path, module, call, inner.name, often
                yield from calls(program, inner, f"{path}.", often)
            else:
                yield path, module, call, call.callee.kind, often


def own_parameters(name: str) -> dict[str, int]:
    """The parameters that each module itself owns, in order; a `Parameter` belongs to the module around it."""
    found: Counter[str] = Counter()
    ours = program(name)
    for path, module, call, kind, _ in calls(ours, ours.main):
        if isinstance(call.callee, Layer) and not call.shared:
            own = weights_total(call.callee.weights(*module.types(call.inputs))).parameters
            found[path.rpartition(".")[0] if kind == "Parameter" else path] += own
    return {path: count for path, count in found.items() if count}


def reference_parameters(name: str) -> dict[str, int]:
    """Those of the record; torch's attention keeps its last projection in a module that it never calls."""
    found: Counter[str] = Counter()
    for path, _, _, own, *_ in record(name)["layers"]:
        found[path] += own
    for path, _, own in record(name)["uncalled"]:
        found[path.removesuffix(".out_proj")] += own
    return {path: count for path, count in found.items() if count}


def work(name: str) -> dict[str, Work]:
    """What every module does."""
    ours = program(name)
    found: dict[str, Work] = {}
    below = macs(ours)
    for path, module, call, kind, often in calls(ours, ours.main):
        shape: Any = module.values[call.outputs[0]].shape
        done: Any = call_macs(module, call, below)
        before = found.get(path, Work(kind, 0, 0))
        found[path] = Work(kind, before.elements + often * prod(shape), before.macs + often * done // call.count)
    return found


def reference_work(name: str) -> dict[str, Work]:
    """What every module without children does in the record."""
    rows = record(name)["layers"]
    parents = {parent for path, *_ in rows for parent in above(path)}
    found: dict[str, Work] = {}
    for path, kind, shape, _, _, operations, _ in rows:
        if path in parents or kind in FUNCTIONS:
            continue
        first = shape["tuple"][0] if isinstance(shape, dict) else shape
        before = found.get(path, Work("", 0, 0))
        kind = RENAMED.get(kind, kind)
        found[path] = Work(kind, before.elements + prod(first), before.macs + operations // 2)
    return found


def above(path: str) -> list[str]:
    """The paths above one."""
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(len(parts))]


@pytest.mark.parametrize("name", SEQUENCES)
def test_totals_equal_the_reference(name: str) -> None:
    wanted, ours = record(name), program(name)
    total = totals(ours)[ours.entry]
    kept = wanted["buffers"]
    computed = sum(prod(shape) for _, shape in kept["not_in_state_dict"])  # tables that a spec computes instead
    assert (total.parameters, total.trainable, total.buffers, macs(ours)[ours.entry]) == (
        wanted["params"]["total"],
        wanted["params"]["trainable"],
        kept["elements"] - computed,
        wanted["flops"]["macs"],
    )


@pytest.mark.parametrize("name", SEQUENCES)
def test_outputs_have_the_shapes_of_the_reference(name: str) -> None:
    main = program(name).main
    assert [list(main.values[port.value].shape) for port in main.outputs] == list(record(name)["outputs"].values())


@pytest.mark.parametrize("name", SEQUENCES)
def test_state_dict_equals_the_reference(name: str) -> None:
    wanted = [(key, shape) for key, shape, *_ in record(name)["state_dict"]]
    entries = list(state_dict(program(name)))
    if record(name)["key_names"] == "free":  # the reference has a function where the spec has a layer that owns nothing
        entries = [entry for entry in entries if not entry.tied_to]
    assert [(entry.key, list(entry.weight.shape)) for entry in entries] == wanted
    assert {entry.key: entry.tied_to for entry in entries if entry.tied_to} == record(name)["tied"]


@pytest.mark.parametrize("name", SEQUENCES)
def test_every_module_owns_what_it_owns_in_the_reference(name: str) -> None:
    tied = {entry.key.rpartition(".")[0] for entry in state_dict(program(name)) if entry.tied_to}
    free = tied if record(name)["key_names"] == "free" else set()
    assert {path: own for path, own in own_parameters(name).items() if path not in free} == reference_parameters(name)


@pytest.mark.parametrize("name", SEQUENCES)
def test_every_module_does_what_it_does_in_the_reference(name: str) -> None:
    """Class, size of the result and products, all applications together: a decoder may take all steps at once."""
    ours, wanted = work(name), reference_work(name)
    assert {path: ours.get(path) for path in wanted} == wanted


@pytest.mark.parametrize(("file", "model", "settings", "parameters"), VARIANTS)
def test_variants_have_as_many_parameters_as_published(
    file: str, model: str, settings: dict[str, Any], parameters: int
) -> None:
    ours = nnspec.load(SPECS / file, model, settings=settings).program
    assert totals(ours)[ours.entry].parameters == parameters


def test_gpt_3_is_as_many_modules_as_gpt_2() -> None:
    small, large = program("gpt2"), program("gpt3_175b")
    assert totals(large)[large.entry].parameters == 174_604_259_328
    assert len(large.modules) == len(small.modules)
    assert len(large.to_json()) < 1.1 * len(small.to_json())


@pytest.mark.parametrize("name", sorted(OPEN))
def test_batch_and_length_stay_open_from_input_to_output(name: str) -> None:
    file, model, settings = (SEQUENCES | KERAS)[name]
    main = nnspec.load(SPECS / file, model, settings=settings).program.main
    assert all(not isinstance(type.shape[0], int) and not isinstance(type.shape[1], int) for type in main.input_types)
    assert all(any(not isinstance(size, int) for size in type.shape) for type in main.output_types)
