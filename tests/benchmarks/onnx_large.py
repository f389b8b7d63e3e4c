"""Memory of exporting a decoder of seven billion parameters: `python tests/benchmarks/onnx_large.py [PRECISION]`.

The weights are bfloat16 in three safetensors files without content on the disk (see tests/reference/sparse.py); what is
written is real, 13.5 GB in 16 bits and 27 GB in 32, and is deleted again. The peak is that of the process; what the
system keeps of files in memory is not counted, as it gives that back to whoever needs it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from reference.sparse import sparse_checkpoint

import nnspec

MODEL = ("zoo/llama.nn", "Llama2_7B")
EXPORT = """
import json, resource, sys, time
import nnspec
start = time.perf_counter()
model = nnspec.load(sys.argv[1], sys.argv[2])
made = model.export_onnx(sys.argv[4], sys.argv[3], precision=sys.argv[5], verify=False)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps([made.bytes, time.perf_counter() - start, peak]))
"""


def main(precision: str = "float16") -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        index = sparse_checkpoint(nnspec.load(*MODEL).program, folder, 3)
        command = [sys.executable, "-c", EXPORT, *MODEL, str(index), str(folder / "model.onnx"), precision]
        written, seconds, peak = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    print(f"{MODEL[1]} as {precision}: {written / 1e9:.1f} GB in {seconds:.0f} s, peak memory {peak:.0f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
