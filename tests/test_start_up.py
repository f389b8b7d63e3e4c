"""What the core commands import: neither torch nor onnx, onnxruntime or numpy, and pydantic where a value is wrong."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from nnspec.layers import families

# Of recipes and training, words that a summary has, too.
PLAIN_WORDS = {"nnspec.recipe.frozen", "nnspec.train.manner"}
SPECS = Path(__file__).parents[1] / "specs"
HEAVY = {"torch", "onnx", "onnxruntime", "numpy", "PIL", "safetensors", "rich"}


def modules(*arguments: str) -> set[str]:
    """The modules that a Python process imports."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *arguments], capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^import time:[^|]*\|[^|]*\|\s*(\S+)$", result.stderr, re.MULTILINE))


def imported(*arguments: str) -> set[str]:
    """The top-level packages that a Python process imports."""
    return {name.partition(".")[0] for name in modules(*arguments)}


@pytest.mark.parametrize(
    "arguments",
    [
        ("summary", "zoo/mnist_convnet.nn"),
        ("summary", "zoo/resnet.nn", "--model", "ResNet50", "--json"),
        ("check", "zoo/googlenet.nn"),
        ("show", "zoo/vae.nn"),
        ("draw", "zoo/unet.nn"),
        ("explain", "E0501"),
        ("explain", "Conv2d"),
        ("explain",),
        ("--help",),
        ("--version",),
    ],
    ids=" ".join,
)
def test_a_core_command_imports_no_heavy_package(arguments):
    found = imported("-m", "nnspec", *arguments)
    assert {"nnspec", "click"} <= found
    assert not found & HEAVY


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        (("--help",), 20),
        (("format", "--check", str(SPECS / "lenet5.nn")), 60),
        (("summary", "resnet50"), 160),
        (("summary", "zoo/mnist_convnet.nn"), 160),
    ],
    ids=["help", "format", "summary", "summary of a small model"],
)
def test_a_command_imports_what_it_needs_of_this_package(arguments, most):
    found = {name for name in modules("-m", "nnspec", *arguments) if name.startswith("nnspec.")}
    assert len(found) <= most, sorted(found)
    assert not {name for name in found if name.startswith(("nnspec.recipe.", "nnspec.train."))} - PLAIN_WORDS


@pytest.mark.parametrize("spec", ["zoo/resnet.nn", "zoo/gpt2.nn", "zoo/t5.nn"])
def test_a_spec_without_mistakes_and_recipe_is_read_without_pydantic(spec):
    assert not imported("-m", "nnspec", "summary", spec) & {"pydantic", "pydantic_core"}


def test_the_library_imports_no_heavy_package():
    code = "import nnspec; nnspec.load('zoo/lenet5.nn').summary()._repr_html_()"
    found = imported("-c", code)
    assert {"nnspec", "lark"} <= found
    assert not found & (HEAVY | {"pydantic", "pydantic_core", "click"})


def test_the_layers_of_a_model_are_the_only_families_that_are_imported():
    code = "import nnspec, sys; nnspec.load('zoo/softmax_regression.nn'); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    families = {name for name in result.stdout.split() if name.startswith("nnspec.layers.families.")}
    assert families == {"nnspec.layers.families.linear", "nnspec.layers.families.shape"}


def test_layers_are_defined_without_annotations_as_text():
    folder = Path(families.__file__).parent
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) > 20
    assert [path.name for path in modules if "from __future__ import annotations" in path.read_text()] == []
