"""Steps of transcripts that no command takes: weights and arrays as files, calls of the library, what a machine lacks.

Each is called in the folder of its case with a monkeypatch, which is undone behind the case.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file
from torch import nn

import nnspec
from nnspec.cli.standard_output import echo_whole
from nnspec.diagnostics import Span
from nnspec.extras import need
from nnspec.importing.assemble import Assembled, assembled
from nnspec.importing.from_torch.module import need_equal
from nnspec.infer.session import Session
from nnspec.layers.families.sigmoids import Tanh
from nnspec.notebook.cell import compiled
from nnspec.playground.build import build
from nnspec.plugin import loading
from nnspec.to_onnx import export
from nnspec.to_onnx.row import ROWS
from nnspec.train.group import Group, ProcessLost

Step = Callable[[pytest.MonkeyPatch], None]
STEPS: dict[str, Step] = {}
PLUS_ONE = "model Net {\n  input x: float[N, 2]\n  output y = x + 1\n}\n"


def step(name: str) -> Callable[[Step], Step]:
    """Register a step under the name that transcripts call it by."""

    def register(function: Step) -> Step:
        STEPS[name] = function
        return function

    return register


def stored(spec: str, path: str, poison: float = 0.0, **metadata: object) -> None:
    """Weights of a spec that are 0, or of another value, with metadata as training writes it."""
    state = nnspec.load(spec).to_torch().state_dict()
    arrays = {key: np.full(tensor.shape, poison, tensor.numpy().dtype) for key, tensor in state.items()}
    save_file(arrays, path, {f"nnspec.{key}": json.dumps(value) for key, value in metadata.items()})


# --- files


@step("weights of a network")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("net.nn", "net.safetensors")


@step("weights of the folder m")
def _(patch: pytest.MonkeyPatch) -> None:
    state = nnspec.loads(nnspec.load("m").text).to_torch().state_dict()
    save_file({key: tensor.numpy() for key, tensor in state.items() if key != "lm_head.weight"}, "m/model.safetensors")


@step("no network")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@step("an array")
def _(patch: pytest.MonkeyPatch) -> None:
    np.save("x.npy", np.zeros((2, 3), np.float32))


@step("an array of another shape")
def _(patch: pytest.MonkeyPatch) -> None:
    np.save("x.npy", np.zeros((2, 4), np.float32))


@step("tokens beyond the table")
def _(patch: pytest.MonkeyPatch) -> None:
    np.save("tokens.npy", np.array([[1, 7]]))


@step("weights of another model")
def _(patch: pytest.MonkeyPatch) -> None:
    save_file({"fc.weight": np.zeros((4, 5), np.float32), "head.bias": np.zeros(4, np.float32)}, "net.safetensors")


@step("weights that are not a number")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("net.nn", "net.safetensors", np.nan)


@step("weights whose classes are no list")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("net.nn", "net.safetensors", classes=7)


@step("weights of letters")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("words.nn", "words.safetensors", classes=list("abcde"))


@step("weights of more letters")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("words.nn", "words.safetensors", classes=list("abcdefgh"))


@step("weights of words without a vocabulary")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("words.nn", "words.safetensors")


@step("weights of the pair")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("pair.nn", "pair.safetensors", classes=list("abcde"))


@step("weights of what is shown")
def _(patch: pytest.MonkeyPatch) -> None:
    stored("shown.nn", "shown.safetensors", classes=list("abcde"))


@step("a module that is compared with the spec of another one")
def _(monkeypatch: pytest.MonkeyPatch) -> None:
    other = nnspec.loads("model Net {\n  input x: float[N, 4]\n  output y = fc: Linear(3)\n}\n")
    need_equal(nn.Sequential(nn.Linear(4, 3)), other.program, torch.zeros(2, 4))


@step("a module whose spec is written wrongly")
def _(patch: pytest.MonkeyPatch) -> None:
    def wrong(network: Any) -> Assembled:
        made = assembled(network)
        return made.replace(text=made.text.replace("Linear(3)", "Linear(3) -> Conv2d(4, 3)"))

    patch.setattr("nnspec.importing.from_torch.module.assembled", wrong)
    nnspec.from_torch(nn.Sequential(nn.Linear(4, 3)), torch.zeros(2, 4))


@step("a call of the library with a number in quotes")
def _(patch: pytest.MonkeyPatch) -> None:
    words: dict[str, Any] = {"depth": "2"}
    nnspec.load("lenet5").summary(**words)


@step("a run whose weights were changed")
def _(patch: pytest.MonkeyPatch) -> None:
    path = Path("runs/flowers/best.safetensors")
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


@step("a run before its first epoch")
def _(patch: pytest.MonkeyPatch) -> None:
    nnspec.load("flowers.nn").train(runs="runs", name="flowers", quiet=True)
    Path("runs/flowers/last.safetensors").unlink()
    Path("runs/flowers/best.safetensors").unlink()


# --- calls of the library


@step("a model of more than 2 GiB in memory")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(export, "LARGEST", 10)
    nnspec.loads("model Net { input x: float[N, 3]; output y = Linear(2) }").to_onnx()


@step("a model that is too large to quantise")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("nnspec.to_onnx.write.LARGEST", 10)
    patch.setattr(export, "LARGEST", 10)
    model = nnspec.loads("model Net { input x: float[N, 3]; output y = Linear(64) }")
    samples = {"x": np.zeros((4, 3), np.float32)}
    model.export_onnx("net.onnx", precision="int8-static", calibrate=samples)


@step("bytes as floats for pictures")
def _(patch: pytest.MonkeyPatch) -> None:
    Path("net.nn").write_text(
        "model Net {\n  input image: float[N, 1, 2, 2]\n  output y = Flatten -> fc: Linear(2)\n}\n"
    )
    stored("net.nn", "net.safetensors", mean=[0.5], std=[0.25], pictures=["image"])
    session = Session(nnspec.load("net.nn").to_onnx("net.safetensors").SerializeToString())
    session.run({"image": np.full((1, 1, 2, 2), 200.0)})


@step("rows of several lengths")
def _(patch: pytest.MonkeyPatch) -> None:
    Session(nnspec.loads(PLUS_ONE).to_onnx().SerializeToString()).run({"x": [[1, 2], [3]]})


@step("a program that was written by hand")
def _(patch: pytest.MonkeyPatch) -> None:
    nnspec.from_json('{"version": 1, "modules": 7}')


# --- what a machine has or lacks


@step("a row of an operator that is none")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(ROWS, Tanh, lambda layer, call, graph: graph.node("Gather", [call.inputs[0], call.inputs[0]]))


@step("a row of another function")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(ROWS, Tanh, lambda layer, call, graph: graph.node("Neg", [call.inputs[0]]))


@step("a summary in ASCII")
def _(patch: pytest.MonkeyPatch) -> None:
    class Terminal(StringIO):
        encoding = "ascii"

    patch.setattr(sys, "stdout", Terminal())
    echo_whole("Linear \N{RIGHTWARDS ARROW} ReLU")


@step("a package that is not installed")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("nnspec.extras.find_spec", lambda name: None)
    need("the ONNX export", "onnx", "onnxruntime")


@step("no compiler")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setenv("CXX", "no-such-compiler")


@step("another process that ended")
def _(patch: pytest.MonkeyPatch) -> None:
    raise nnspec.SpecError.of(ProcessLost(None))


@step("batch normalisation over processes without a GPU")
def _(patch: pytest.MonkeyPatch) -> None:
    class Plan:
        builds = False

    group = Group.__new__(Group)
    group.processes, group.device = 2, torch.device("cpu")
    patch.setattr(Group, "name", "ddp", raising=False)
    model = nnspec.load("flowers.nn")
    group.check(Plan(), model.program, {name: Span(each, 0, 0) for name, each in model.sources.items()})  # type: ignore[arg-type]


@step("a disk without room for the state")
def _(patch: pytest.MonkeyPatch) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device")

    patch.setattr("nnspec.train.state.save_file", full)
    nnspec.load("flowers.nn").train(runs="runs", name="flowers", quiet=True)


@step("a run on arrays of Python")
def _(patch: pytest.MonkeyPatch) -> None:
    arrays = {"features": np.ones((8, 4), np.float32), "label": np.arange(8) % 3}
    nnspec.load("flowers.nn").train(arrays, runs="runs", name="flowers", quiet=True)


@step("plug-ins are forgotten")
def _(patch: pytest.MonkeyPatch) -> None:
    for name in list(loading._loaded):
        patch.delitem(loading._loaded, name)
        patch.delitem(sys.modules, name.removesuffix(".py"), raising=False)


@step("a cell of a notebook")
def _(patch: pytest.MonkeyPatch) -> None:
    compiled("net --modle Net", PLUS_ONE, {})


@step("files of ONNX")
def _(patch: pytest.MonkeyPatch) -> None:
    import onnx

    def write(name: str, nodes: str, opset: int = 21, sizes: str = "N, 3") -> None:
        text = f'<ir_version: 8, opset_import: ["": {opset}]> main (float[{sizes}] x) => (float[M, K] y) {{ {nodes} }}'
        onnx.save(onnx.parser.parse_model(text), name)

    write("old.onnx", "y = Relu(x)", 6)
    write("linear.onnx", "w = Constant<value = float[3, 2] {1, 2, 3, 4, 5, 6}>() y = MatMul(x, w)")
    write("data.onnx", "a = NonZero(x) b = Det(x) c = Det(b) d = Det(x) e = Add(a, c) y = Add(e, d)")
    Path("damaged.onnx").write_bytes(Path("linear.onnx").read_bytes()[:40])


@step("a file of ONNX that is compared with the spec of another one")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("nnspec.importing.from_onnx.compare.TOLERANCE", -1.0)
    nnspec.from_onnx("linear.onnx")


@step("a file of ONNX that is given a setting")
def _(patch: pytest.MonkeyPatch) -> None:
    nnspec.load("linear.onnx", settings={"width": 3})


@step("the page of the playground where there is no npm")
def _(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("shutil.which", lambda name: None)
    build(Path("site"))
