"""The memory of an export: it is that of the largest tensor, not that of the model."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import onnx
import pytest
from reference.sparse import sparse_checkpoint

import nnspec

SETTINGS = {"vocab": 500, "width": 512, "layers": 20, "heads": 8, "hidden": 2048}  # 84 million parameters
# Peak memory since the start of the process itself, in MiB; `ru_maxrss` would count its parent's, too.
EXPORT = """
import json, re, sys
from pathlib import Path
import nnspec, nnspec.weights.mapped
from nnspec.to_onnx import export
export.LARGEST = int(sys.argv[4])
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
model = nnspec.load("zoo/llama.nn", settings=json.loads(sys.argv[1]))
small = nnspec.loads("model Small { input x: float[N, 3]; Linear(4) }")
small.export_onnx(sys.argv[3], precision="float16", verify=False)
before = peak()
made = model.export_onnx(sys.argv[3], sys.argv[2], precision="float16", verify=False)
print(json.dumps([made.bytes / 2**20, peak() - before]))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of a process is read from Linux")
@pytest.mark.parametrize("largest", [1 << 30, 1 << 20], ids=["in one file", "with a data file"])
def test_a_checkpoint_of_several_files_is_exported_in_the_memory_of_its_largest_tensor(
    largest: int, tmp_path: Path
) -> None:
    program = nnspec.load("zoo/llama.nn", settings=SETTINGS).program
    index, path = sparse_checkpoint(program, tmp_path, 3), tmp_path / "model.onnx"
    command = [sys.executable, "-c", EXPORT, json.dumps(SETTINGS), str(index), str(path), str(largest)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    size, memory = json.loads(done.stdout)
    assert size > 150
    assert memory < 32, "the largest tensor is 4 MiB in float32"
    content = onnx.load(path, load_external_data=False)
    apart = [tensor for tensor in content.graph.initializer if tensor.data_location == onnx.TensorProto.EXTERNAL]
    assert bool(apart) == (tmp_path / "model.onnx.data").exists() == (largest < 1 << 30)
