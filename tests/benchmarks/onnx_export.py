"""Time and memory of the ONNX export beside PyTorch's exporters: `python tests/benchmarks/onnx_export.py`.

Every export runs in a process of its own, from weights in a safetensors file; its time is that of the export call
alone, its memory the peak of the process above what it had after its imports. `raw` writes the same bytes and nothing
else. The exporter with dynamo=True needs onnxscript and is left out where that is not installed.
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
def measure(export):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    export()
    seconds = time.perf_counter() - start
    print(json.dumps([seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024]))
"""
NNSPEC = (
    START
    + """
import nnspec
import nnspec.to_onnx.export
measure(lambda: nnspec.load(name).export_onnx(target, weights, verify=False))
"""
)
RAW = (
    START
    + """
content = weights.read_bytes()
measure(lambda: (folder / f"{name}.raw").write_bytes(content))
"""
)
TORCH = (
    START
    + """
import nnspec, torch
module = nnspec.load(name).to_torch(weights=weights).eval()
example = torch.zeros(shape, dtype=torch.long if name == "gpt2" else torch.float32)
(input_name,) = [port.name for port in nnspec.load(name).program.main.inputs]
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


def run(script: str, name: str, folder: Path) -> tuple[float, float]:
    """Seconds and mebibytes of one export."""
    command = [sys.executable, "-W", "ignore", "-c", script, name, json.dumps(NETWORKS[name]), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds, memory = json.loads(done.stdout.strip().splitlines()[-1])
    return seconds, memory


def main(runs: int = 3) -> None:
    """Measure and print."""
    print(f"{'network':<10}{'exporter':<26}{'seconds':>9}{'/ nnspec':>10}{'peak MiB':>10}")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name in NETWORKS:
            size = save_weights(name, folder)
            base = 0.0
            for exporter, script in EXPORTERS.items():
                if "dynamo=True" in exporter and find_spec("onnxscript") is None:
                    continue
                measured = [run(script, name, folder) for _ in range(1 if "True" in exporter else runs)]
                seconds = statistics.median(seconds for seconds, _ in measured)
                base = base or seconds
                memory = statistics.median(memory for _, memory in measured)
                print(f"{name:<10}{exporter:<26}{seconds:>9.2f}{seconds / base:>10.2f}{memory:>10.0f}", flush=True)
            print(f"{'':<10}the weights are {size / 2**20:.0f} MiB")


if __name__ == "__main__":
    main()
