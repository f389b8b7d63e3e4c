"""Every spec of an image network against the record of its reference implementation: counts, shapes, keys, layers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple

import pytest
import torch
from reference import later
from reference.records import SPECS, record
from reference.vision import PUBLISHED, VARIANTS, VISION

import nnspec
from nnspec.ir import Module, Program
from nnspec.ir.macs import call_macs, macs
from nnspec.ir.state import state_dict, totals

# Classes of the references that a spec writes under another name.
RENAMED = {"BatchNormAct2d": "BatchNorm2d", "Timesteps": "SinusoidalEmbedding"}
# Modules of the references that are blocks or nothing in a spec; what they own stands in the test of owners.
BLOCKS = {"CNBlock", "Encoder", "Identity", "ShiftedWindowAttention", "VisionTransformer"}
# The sizes of the images that variants take where the spec leaves them open.
OPEN_SIZES = {"patchgan.nn": 256, "cyclegan.nn": 256, "srgan_generator.nn": 64, "srgan_discriminator.nn": 96,
              "stable_diffusion.nn": 64, "stable_diffusion_vae.nn": 512, "wavenet.nn": 16, "convlstm.nn": 16}  # fmt: skip
# One variant of each file each time; the others are alike but larger.
FIRST = {file: model for file, model, *_ in reversed(later.VARIANTS)}
LATER = [row if FIRST[row[0]] == row[1] else pytest.param(*row, marks=pytest.mark.slow) for row in later.VARIANTS]
DTYPES = {"float": "float32", "int": "int64"}


class Row(NamedTuple):
    """One application of a layer."""

    path: str
    kind: str
    shape: tuple[int, ...]
    macs: int


def bound(file: str, model: str, settings: dict[str, Any], shapes: list[list[int]]) -> Program:
    """The program of a spec, with these sizes of its inputs."""
    ports = nnspec.load(SPECS / file, model, settings=settings).program.main.inputs
    inputs = {port.name: tuple(shape) for port, shape in zip(ports, shapes, strict=True)}
    return nnspec.load(SPECS / file, model, settings=settings, inputs=inputs).program


@cache
def program(name: str) -> Program:
    """The program of a record's spec, with the sizes of the record."""
    return bound(*VISION[name], [given["shape"] for given in record(name)["inputs"]])


def rows(program: Program, module: Module, prefix: str = "") -> Iterator[Row]:
    """Every labelled application of a layer in evaluation, in order, repeats expanded."""
    for call in module.calls:
        for label in call.labels if not call.training else ():
            if isinstance(call.callee, str):
                yield from rows(program, program.modules[call.callee], f"{prefix}{label}.")
                continue
            shape: Any = module.values[call.outputs[0]].shape
            work: Any = call_macs(module, call, {})
            yield Row(f"{prefix}{label}", call.callee.kind, tuple(shape), work // call.count)


def reference_rows(name: str) -> list[Row]:
    """The rows of the record, in the words of the spec."""
    found = []
    for path, kind, shape, _, _, operations, _ in record(name)["layers"]:
        if kind in BLOCKS:
            continue
        shape = shape["tuple"][0] if isinstance(shape, dict) else shape
        known = "GlobalAvgPool2d" if kind == "AdaptiveAvgPool2d" and shape[-2:] == [1, 1] else RENAMED.get(kind, kind)
        found.append(Row(path, known, tuple(shape), operations // 2))
    return found


def owners(entries: list[tuple[str, int]]) -> dict[str, int]:
    """How many parameters each module itself owns, from the keys and their elements."""
    found: Counter[str] = Counter()
    for key, elements in entries:
        found[key.rpartition(".")[0]] += elements
    return dict(found)


@pytest.mark.parametrize("name", VISION)
def test_totals_equal_the_reference(name: str) -> None:
    wanted, ours = record(name), program(name)
    total = totals(ours)[ours.entry]
    assert (total.parameters, total.trainable, total.buffers, macs(ours)[ours.entry]) == (
        wanted["params"]["total"],
        wanted["params"]["trainable"],
        wanted["buffers"]["elements"],
        wanted["flops"]["macs"],
    )


@pytest.mark.parametrize("name", VISION)
def test_outputs_have_the_shapes_of_the_reference(name: str) -> None:
    main = program(name).main
    assert [list(main.values[port.value].shape) for port in main.outputs] == list(record(name)["outputs"].values())


@pytest.mark.parametrize("name", VISION)
def test_state_dict_equals_the_reference(name: str) -> None:
    wanted = [(key, shape, *(rest or ["float32"])) for key, shape, *rest in record(name)["state_dict"]]
    ours = [(e.key, list(e.weight.shape), DTYPES[e.weight.dtype]) for e in state_dict(program(name))]
    if record(name)["key_names"] == "free":  # their order and last components are fixed, not their names
        wanted, ours = ([(key.rsplit(".", 1)[-1], *rest) for key, *rest in each] for each in (wanted, ours))
    assert ours == wanted


@pytest.mark.parametrize("name", [name for name in VISION if record(name)["key_names"] == "published"])
def test_every_module_owns_what_it_owns_in_the_reference(name: str) -> None:
    """Parents own parameters beside their children; what does not run in evaluation is owned too."""
    own = [(e.key, e.weight.elements) for e in state_dict(program(name)) if not e.weight.buffer]
    listed = [(row[0], row[3]) for row in record(name)["layers"]]
    listed += [(path, count) for path, _, count in record(name)["uncalled"]]
    wanted: Counter[str] = Counter()
    for path, count in listed:
        wanted[path] += count
    assert owners(own) == {path: count for path, count in wanted.items() if count}


@pytest.mark.parametrize("name", VISION)
def test_the_rows_of_the_reference_occur_in_their_order(name: str) -> None:
    """With their paths where they do products; a spec may have more rows, where the reference calls a function."""
    published = record(name)["key_names"] == "published"
    remaining = iter(rows(program(name), program(name).main))
    for wanted in reference_rows(name):
        names = published and wanted.macs > 0
        found = next((row for row in remaining if row[1:] == wanted[1:]), None)
        assert found is not None, f"{wanted} is missing, or not in its place"
        assert found.path == wanted.path or not names


@pytest.mark.parametrize(("file", "model", "settings", "parameters", "products", "digest"), [*VARIANTS, *LATER])
def test_variants_have_the_keys_and_counts_of_the_reference(
    file: str, model: str, settings: dict[str, Any], parameters: int, products: int, digest: str
) -> None:
    ports = nnspec.load(SPECS / file, model, settings=settings).program.main.input_types
    open_size = OPEN_SIZES.get(file, 0)
    shapes = [[size if isinstance(size, int) else open_size for size in type.shape[1:]] for type in ports]
    ours = bound(file, model, settings, [[1, *shape] for shape in shapes])
    lines = [f"{entry.key} {'x'.join(map(str, entry.weight.shape))}" for entry in state_dict(ours)]
    assert totals(ours)[ours.entry].parameters == parameters
    assert macs(ours)[ours.entry] == products
    assert sha256("\n".join(lines).encode()).hexdigest().startswith(digest)


@pytest.mark.parametrize(("file", "model", "settings", "parameters"), PUBLISHED)
def test_networks_have_as_many_parameters_as_published(
    file: str, model: str, settings: dict[str, Any], parameters: int
) -> None:
    ours = nnspec.load(SPECS / file, model, settings=settings).program
    assert totals(ours)[ours.entry].trainable == parameters


def test_the_parts_of_the_convolutional_autoencoder_have_the_parameters_that_keras_prints() -> None:
    ours = nnspec.load(SPECS / "vae_conv.nn").program
    own = owners([(entry.key.partition(".")[0] + ".", entry.weight.elements) for entry in state_dict(ours)])
    assert own == {"encoder": 69_076 - 2 * 34, "z_mean": 34, "z_log_var": 34, "decoder": 65_089}


def test_lenet_5_of_1998_has_the_parameters_of_the_paper() -> None:
    ours = nnspec.load(SPECS / "lenet5_1998.nn").program
    own = owners([(entry.key.partition(".")[0] + ".", entry.weight.elements) for entry in state_dict(ours)])
    assert own == {"c1": 156, "s2": 12, "c3": 1_516, "s4": 32, "c5": 48_120, "f6": 10_164}


def test_the_auxiliary_classifier_of_inception_v3_answers_in_training_only() -> None:
    module = nnspec.load(SPECS / "inception_v3.nn", settings={"classes": 7}).to_torch()
    image = torch.zeros(2, 3, 299, 299)
    with torch.no_grad():
        assert [tuple(result.shape) for result in module.train()(image)] == [(2, 7), (2, 7)]
        assert tuple(module.eval()(image).shape) == (2, 7)


def test_what_only_training_needs_is_counted_and_does_not_run() -> None:
    for name in ("pgan_generator_64", "pgan_discriminator_1024"):
        called = {row.path for row in rows(program(name), program(name).main)}
        keys = {entry.key.rpartition(".")[0] for entry in state_dict(program(name))}
        assert keys - called == {path for path, _, _ in record(name)["uncalled"]}


@pytest.mark.parametrize(
    "file", ["ae_denoising.nn", "cyclegan.nn", "ddpm.nn", "espcn.nn", "pix2pix_unet.nn", "srgan_generator.nn",
             "srgan_discriminator.nn"]
)  # fmt: skip
def test_convolutional_networks_take_any_height_and_width(file: str) -> None:
    main = nnspec.load(SPECS / file).program.main
    assert not any(isinstance(size, int) for size in main.input_types[0].shape[2:])
    assert not any(isinstance(size, int) for size in main.output_types[0].shape[2:])
