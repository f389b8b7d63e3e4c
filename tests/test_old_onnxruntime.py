"""Exports of opset 17 in onnxruntime 1.14, of February 2023, or the oldest that installs; the IR version of each opset."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import pytest
from reference.proof import Entry, load
from reference.sequences import GOLDENS as SEQUENCES
from reference.vision import GOLDENS as VISION

import nnspec
from nnspec import SpecError
from nnspec.to_onnx.reference import Reference
from nnspec.to_onnx.versions import OLDEST

ENTRIES: dict[str, Entry] = {
    "lenet": ("lenet5.nn", None, {}),
    "resnet": ("resnet.nn", "ResNet18", {"classes": 5, "H": 64, "W": 64}),
    "espcn": VISION["espcn"],
    "ddpm": VISION["ddpm_tiny"],
    **{name: VISION[name] for name in ("vit_tiny", "swin_tiny_config", "convnext_tiny_config")},
    **{name: SEQUENCES[name] for name in ("gpt2_tiny", "llama_tiny", "seq2seq_attention_tiny", "t5_tiny")},
}
# The oldest wheels that there are for a Python, the oldest ones first.
WHEELS = {"3.10": "1.14.1", "3.9": "1.14.1", "3.8": "1.14.1", "3.11": "1.15.0"}
SCRIPT = Path(__file__).parent / "readers" / "old_onnxruntime.py"


def pythons() -> Iterator[tuple[str, str]]:
    """The Pythons of this machine for which there are old wheels, and the version of onnxruntime for each."""
    for version, wheel in WHEELS.items():
        own = [sys.executable] if version == f"{sys.version_info.major}.{sys.version_info.minor}" else []
        installed = Path.home().glob(f".pyenv/versions/{version}.*/bin/python")
        for path in filter(None, [*own, *map(str, installed), shutil.which(f"python{version}")]):
            yield path, wheel


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The Python of an environment with an old onnxruntime, and its version."""
    why = "there is no Python 3.8 to 3.11"
    for path, wheel in pythons():
        folder = tmp_path_factory.mktemp("environment")
        made = folder / "bin" / "python"
        for command in (
            [path, "-m", "venv", folder],
            [made, "-m", "pip", "install", "-q", f"onnxruntime=={wheel}", "numpy<2"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                why = (done.stderr + done.stdout).strip()[-200:]
                break
        else:
            return made, wheel
    pytest.skip(f"no onnxruntime of 2023 can be had: {why}")


@pytest.mark.slow
def test_an_onnxruntime_of_2023_runs_exports_of_opset_17(environment: tuple[Path, str], tmp_path: Path) -> None:
    python, version = environment
    wanted = {}
    for name, entry in ENTRIES.items():
        model = load(entry)
        torch_weights = {key: value.numpy() for key, value in model.to_torch().state_dict().items()}
        model.export_onnx(tmp_path / f"{name}.onnx", torch_weights, opset=OLDEST, verify=False)
        trial, *_ = Reference(model.program, torch_weights.__getitem__).trials(1)
        np.savez(tmp_path / f"{name}.npz", **trial.inputs)
        wanted[name] = trial.single
    command = [python, SCRIPT, *(tmp_path / f"{name}.onnx" for name in ENTRIES)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, version), done.stderr
    for name, results in wanted.items():
        with np.load(tmp_path / f"{name}.found.npz") as found:
            for output, array in results.items():
                scale = np.abs(array).max()
                np.testing.assert_allclose(found[output], array, rtol=0, atol=1e-4 * scale, err_msg=f"{name}: {output}")


def test_the_ir_version_follows_the_opset() -> None:
    model = nnspec.loads("model Net { input x: float[N, 3]; Linear(4); GELU }")
    versions = {opset: model.to_onnx(opset=opset).ir_version for opset in (17, 18, 20, 22, 26)}
    assert versions == {17: 8, 18: 8, 20: 9, 22: 10, 26: 13}


@pytest.mark.parametrize(
    "layer", ["GELU", 'GELU("tanh")', "Mish", "CircularPad1d([2, 3])", "GLU(1)", "AdaptiveAvgPool1d(3)"]
)
def test_what_came_later_is_written_with_the_operators_of_before(layer: str, tmp_path: Path) -> None:
    model = nnspec.loads(f"model Net {{ input x: float[N, 4, 8]; {layer} }}")
    for opset in (17, 18, 19, 20):
        assert model.export_onnx(tmp_path / "net.onnx", opset=opset).opset == opset
        assert onnx.load(tmp_path / "net.onnx").opset_import[0].version == opset


def test_what_has_no_older_form_names_the_opset_that_it_needs() -> None:
    model = nnspec.loads("model Net {\n  input x: float[N, 8, 9]\n  Fold(4, kernel_size = 2)\n}", name="net.nn")
    with pytest.raises(SpecError, match=r"opset 18 or more") as caught:
        model.to_onnx(opset=17)
    assert "net.nn:3:3" in str(caught.value) and "export with --opset 18" in str(caught.value)
    with pytest.raises(SpecError, match="opset 16 is not one of 17 to 26"):
        model.to_onnx(opset=16)
