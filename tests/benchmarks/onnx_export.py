"""Time and memory of the ONNX export beside PyTorch's: `python tests/benchmarks/onnx_export.py [RUNS [NETWORK ...]]`.

Every export runs in a process of its own, from weights in a safetensors file. Its time is that of the export call:
nnspec's is given the model and reads the weights within it, PyTorch's is given a module that has them. All export a
single layer first, so that what they import on the way does not count. Memory is the peak of the process above what it
had then, the module included. `raw` writes the same bytes and nothing else; it and nnspec wait until they are on the
disk. The runs of all exporters alternate; the least and the median of each are shown. The exporter with dynamo=True
needs onnxscript and is left out where that is not installed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

NETWORKS = {"resnet50": (1, 3, 224, 224), "vit": (1, 3, 224, 224), "gpt2": (1, 64)}
START = """
import json, resource, sys, time
from pathlib import Path
name, shape, folder = sys.argv[1], json.loads(sys.argv[2]), Path(sys.argv[3])
weights, target = folder / f"{name}.safetensors", folder / f"{name}.onnx"
for old in (*folder.glob(f"{name}.onnx*"), *folder.glob(f"{name}.raw")):
    old.unlink()  # to free it takes as long as half of a write
def imported():
    global before
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
def measure(export):
    start = time.perf_counter()
    export()
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))
"""
NNSPEC = (
    START
    + """
import nnspec, nnspec.weights.mapped
nnspec.loads("model Small { input x: float[N, 3]; Linear(4) }").export_onnx(folder / "small.onnx", verify=False)
imported()
model = nnspec.load(name)
measure(lambda: model.export_onnx(target, weights, verify=False))
"""
)
RAW = (
    START
    + """
import os
imported()
content = weights.read_bytes()
def write():
    with (folder / f"{name}.raw").open("wb") as file:
        file.write(content)
        os.fsync(file.fileno())
measure(write)
"""
)
TORCH = (
    START
    + """
import nnspec, torch
torch.onnx.export(torch.nn.Linear(3, 4), (torch.zeros(1, 3),), str(folder / "small.onnx"), dynamo=DYNAMO)
imported()
module = nnspec.load(name).to_torch(weights=weights).eval()
main = nnspec.load(name).program.main
example = torch.zeros(shape, dtype=torch.long if main.input_types[0].dtype == "int" else torch.float32)
(input_name,) = [port.name for port in main.inputs]
DYNAMIC = {"dynamic_shapes": ({0: torch.export.Dim.DYNAMIC},)} if DYNAMO else {
    "dynamic_axes": {input_name: {0: "N"}, "output": {0: "N"}}}
measure(lambda: torch.onnx.export(
    module, (example,), str(target), dynamo=DYNAMO, input_names=[input_name], output_names=["output"], **DYNAMIC))
"""
)
EXPORTERS = {
    "nnspec": NNSPEC,
    "torch, dynamo=False": TORCH.replace("DYNAMO", "False"),
    "torch, dynamo=True": TORCH.replace("DYNAMO", "True"),
    "raw write of the bytes": RAW,
}


def save_weights(name: str, folder: Path) -> int:
    """Untrained weights of a zoo model in a file; its size in bytes."""
    script = (
        "import sys, nnspec, safetensors.torch as s\n"
        "module = nnspec.load(sys.argv[1]).to_torch()\n"
        "s.save_model(module, sys.argv[2])\n"
    )
    file = folder / f"{name}.safetensors"
    subprocess.run([sys.executable, "-c", script, name, str(file)], check=True)
    return file.stat().st_size


def run(script: str, name: str, shape: tuple[int, ...], folder: Path) -> tuple[float, float]:
    """Seconds and mebibytes of one export."""
    command = [sys.executable, "-W", "ignore", "-c", script, name, json.dumps(shape), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds, memory


def medians(name: str, folder: Path, runs: int) -> dict[str, tuple[float, float, float]]:
    """The least seconds, the median seconds and the median mebibytes of every exporter."""
    measured: dict[str, list[tuple[float, float]]] = {exporter: [] for exporter in EXPORTERS}
    if find_spec("onnxscript") is None:
        del measured["torch, dynamo=True"]
    for _ in range(runs):
        for exporter, found in measured.items():
            found.append(run(EXPORTERS[exporter], name, NETWORKS[name], folder))
    return {
        exporter: (min(found)[0], statistics.median(s for s, _ in found), statistics.median(m for _, m in found))
        for exporter, found in measured.items()
    }


def main(runs: int = 5, *chosen: str) -> None:
    """Measure and print."""
    print(f"{'network':<10}{'exporter':<26}{'least s':>9}{'median':>9}{'/ nnspec':>10}{'/ raw':>8}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in chosen or NETWORKS:
            size = save_weights(name, folder)
            found = medians(name, folder, runs)
            own, raw = found["nnspec"][1], found["raw write of the bytes"][1]
            for exporter, (least, seconds, memory) in found.items():
                numbers = f"{least:>9.2f}{seconds:>9.2f}{seconds / own:>10.2f}{seconds / raw:>8.2f}{memory:>10.0f}"
                print(f"{name:<10}{exporter:<26}{numbers}", flush=True)
            print(f"{'':<10}the weights are {size / 2**20:.0f} MiB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
