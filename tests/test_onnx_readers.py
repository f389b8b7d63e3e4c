"""What other readers than onnxruntime find in the files: onnx, onnx_ir, Netron's own loader, npm's onnx-proto."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import numpy_helper
from reference.proof import Entry, load
from reference.sequences import GOLDENS as SEQUENCES
from reference.vision import GOLDENS as VISION

import nnspec
from nnspec.to_onnx import export

# Ten files: convolutions with folded norms, recurrences, attention, a Scan, random draws; every form of a file.
EXPORTS: dict[str, tuple[Entry, dict[str, Any]]] = {
    "lenet": (("lenet5.nn", None, {}), {}),
    "resnet": (("resnet.nn", "ResNet18", {"classes": 5}), {"verify": False}),
    "lstm": (SEQUENCES["lstm_lm_tiny"], {"precision": "int8", "verify": False}),
    "translation": (SEQUENCES["seq2seq_attention_tiny"], {"opset": 26}),
    "gpt2": (SEQUENCES["gpt2_tiny"], {"functions": True}),
    "llama": (SEQUENCES["llama_tiny"], {"functions": True, "precision": "float16", "target": "cuda"}),
    "clip": (SEQUENCES["clip_tiny"], {"precision": "bfloat16"}),
    "swin": (VISION["swin_tiny_config"], {"functions": True}),
    "vae": (("vae.nn", None, {}), {}),
    "ddpm in two files": (VISION["ddpm_tiny"], {"verify": False}),
}
READERS = Path(__file__).parent / "readers"
GRAPH = 7  # the number of that field of ModelProto
NODE = shutil.which("node")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The ten exports."""
    folder = tmp_path_factory.mktemp("exports")
    made = {name: folder / f"{name.replace(' ', '_')}.onnx" for name in EXPORTS}
    for name, (entry, options) in EXPORTS.items():
        with pytest.MonkeyPatch.context() as patch:
            if "two files" in name:
                patch.setattr(export, "LARGEST", 1 << 10)
            load(entry).export_onnx(made[name], **options)
    return made


def field_numbers(content: bytes) -> Iterator[int]:
    """The numbers of the fields of a message, as they follow one another."""
    place = 0

    def integer() -> int:
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = content[place]
            place, value, shift = place + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value

    while place < len(content):
        key = integer()
        assert key & 7 in (0, 2)
        length = integer()
        place += length if key & 7 == 2 else 0
        yield key >> 3
    assert place == len(content)


def described(node: onnx.NodeProto) -> dict[str, Any]:
    return {
        "name": node.name,
        "type": node.op_type,
        "inputs": [name for name in node.input if name],
        "outputs": list(node.output),
        "attributes": sorted(attribute.name for attribute in node.attribute),
    }


def test_a_file_has_one_graph(files: dict[str, Path]) -> None:
    for name, path in files.items():
        numbers = list(field_numbers(path.read_bytes()))
        assert numbers.count(GRAPH) == 1, name
        assert {number for number in numbers if numbers.count(number) > 1} <= {8, 14, 25}, name  # the repeated ones


@pytest.mark.parametrize("length", [1 << 14, 1 << 21])
def test_a_graph_is_as_long_as_it_says_where_lengths_take_a_byte_more(length: int, tmp_path: Path) -> None:
    for features in range(length // 4 - 60, length // 4 + 4, 7):
        path = tmp_path / f"{features}.onnx"
        nnspec.loads(f"model Net {{ input x: float[N, {features}]; Linear(1) }}").export_onnx(path, verify=False)
        assert list(field_numbers(path.read_bytes())).count(GRAPH) == 1
        onnx.checker.check_model(path, full_check=True)


def test_onnx_ir_reads_every_node_and_every_array(files: dict[str, Path]) -> None:
    ir = pytest.importorskip("onnx_ir", reason="onnx_ir is not installed")
    for name, path in files.items():
        wanted, found = onnx.load(path), ir.load(path)
        assert [node.name for node in found.graph] == [node.name for node in wanted.graph.node], name
        assert len(found.functions) == len(wanted.functions)
        arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in wanted.graph.initializer}
        assert list(found.graph.initializers) == list(arrays)
        for key, array in arrays.items():
            value = found.graph.initializers[key].const_value.numpy()
            assert (value.shape, value.tobytes()) == (array.shape, array.tobytes()), f"{name}: {key}"


@pytest.mark.skipif(NODE is None, reason="node is not installed")
@pytest.mark.skipif(find_spec("netron") is None, reason="netron is not installed")
def test_netron_sees_every_node_with_its_inputs_attributes_and_weights(files: dict[str, Path], tmp_path: Path) -> None:
    import netron

    folder = tmp_path / "netron"
    shutil.copytree(Path(netron.__file__).parent, folder)
    (folder / "package.json").write_text('{"type": "module"}')  # as in npm's package of Netron
    done = subprocess.run([str(NODE), READERS / "netron.mjs", folder, *files.values()], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    for (name, path), found in zip(files.items(), json.loads(done.stdout), strict=True):
        wanted = onnx.load(path)
        assert found["inputs"] == [value.name for value in wanted.graph.input]
        assert found["outputs"] == [value.name for value in wanted.graph.output]
        nodes = {"": wanted.graph.node} | {function.name: function.node for function in wanted.functions}
        seen = {"": found["nodes"]} | found["functions"]
        weights = [weight for each in seen.values() for node in each for weight in node.pop("weights")]
        arrays = {each.name: (list(each.dims), len(each.raw_data)) for each in wanted.graph.initializer}
        for weight in weights:
            assert (weight["shape"], weight["bytes"]) == arrays[weight["name"]], f"{name}: {weight}"
        assert weights
        assert seen == {place: [described(node) for node in each] for place, each in nodes.items()}, name


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_compiled_messages_of_npm_have_every_node(files: dict[str, Path], tmp_path: Path) -> None:
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "onnx-proto@8.0.1"]
    installed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    if installed.returncode:
        pytest.skip(f"npm does not install onnx-proto: {installed.stderr.strip()[:200]}")
    script = shutil.copy(READERS / "onnx_proto.cjs", tmp_path)
    done = subprocess.run([str(NODE), script, *files.values()], capture_output=True, text=True, check=True)
    for path, (nodes, arrays) in zip(files.values(), json.loads(done.stdout), strict=True):
        wanted = onnx.load(path, load_external_data=False).graph
        assert nodes == [node.name for node in wanted.node]
        assert arrays == [[tensor.name, len(tensor.raw_data)] for tensor in wanted.initializer]
