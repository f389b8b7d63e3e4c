"""Latency of nnspec's ONNX files beside those of PyTorch's exporters: `python tests/benchmarks/onnx_latency.py`.

Files of the same network with the same weights and a symbolic batch run in onnxruntime on the processor, and beside
them the PyTorch module, eager and compiled. Each is a process of its own; they take turns of a quarter of a second, so
that a busy machine disturbs all of them alike. Shown are the medians of wall and CPU time, the time to open the
session (or to build the module), the first run, and the peak of memory above the imports. The ratio is that of nnspec
to the best of the exporters' files, by wall and by CPU time, with the least and greatest of ten parts of the runs, and
by the CPU time that the fastest tenth of the runs does not exceed.

Arguments: names of networks (all), --seconds for each (6), --threads (1), --no-compiled, --profile (where the time of
nnspec's file and of the best other goes, by operator).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
from onnx_export import EXPORTERS, run, save_weights

import nnspec
from nnspec.bench.measure import Candidate, Measured, measure
from nnspec.ir.indices import index_bounds

NETWORKS = {
    "resnet50": (3, 224, 224),
    "vit": (3, 224, 224),
    "gpt2": (64,),
    "imdb_lstm": (80,),
    "unet": (3, 128, 128),
}  # of a sample
BATCHES = (1, 8)
PARTS = 10
OWN = "nnspec"
FILES = (OWN, "torch, dynamo=False", "torch, dynamo=True")


def export(name: str, folder: Path) -> dict[str, Path | str]:
    """The file of every exporter, or why there is none."""
    made: dict[str, Path | str] = {}
    for exporter in FILES:
        target = folder / f"{name}, {exporter}" / f"{name}.onnx"
        target.parent.mkdir()
        (target.parent / f"{name}.safetensors").symlink_to(folder / f"{name}.safetensors")
        try:
            run(EXPORTERS[exporter], name, (2, *NETWORKS[name]), target.parent)
            made[exporter] = target
        except subprocess.CalledProcessError as error:
            made[exporter] = error.stderr.strip().splitlines()[-1]
    return made


def inputs_of(name: str, batch: int) -> dict[str, np.ndarray]:
    """Random inputs of a network."""
    program, random = nnspec.load(name).program, np.random.default_rng(0)
    ((port, given),) = zip(program.main.inputs, program.main.input_types, strict=True)
    shape = (batch, *NETWORKS[name])
    if given.dtype == "int":
        return {port.name: random.integers(0, index_bounds(program)[port.name], shape)}
    return {port.name: random.standard_normal(shape, np.float32)}


def candidates(
    name: str, folder: Path, files: Mapping[str, Path | str], threads: int, compiled: bool
) -> list[Candidate]:
    """All that run."""
    program, weights = folder / f"{name}.json", folder / f"{name}.safetensors"
    program.write_text(nnspec.load(name).to_json())
    found = [Candidate(each, "onnx", file, threads=threads) for each, file in files.items() if isinstance(file, Path)]
    for kind in ("eager", "compiled") if compiled else ("eager",):
        found.append(Candidate(f"PyTorch, {kind}", kind, program, weights, threads=threads))
    return found


def ratio(own: Measured, other: Measured, of: str) -> str:
    """The ratio of the medians, with its range over parts of the runs."""
    parts = [np.array_split(np.array(getattr(each, of)), PARTS) for each in (own, other)]
    ratios = [float(np.median(a) / np.median(b)) for a, b in zip(*parts, strict=True) if a.size and b.size]
    return f"{own.percentile(50, of) / other.percentile(50, of):.3f} ({min(ratios):.3f} to {max(ratios):.3f})"


def report(name: str, batch: int, found: Sequence[Measured]) -> str:
    """Print the table of a network and batch; the best of the other exporters' files."""
    print(f"\n{name}, {found[0].case}")
    print(f"  {'':<22}{'wall ms':>9}{'CPU ms':>9}{'runs':>6}{'/ nnspec':>10}{'load s':>8}{'first s':>9}{'MiB':>7}")
    measured = {each.candidate: each for each in found if not each.failed}
    own = measured[OWN]
    for each in found:
        if each.failed:
            print(f"  {each.candidate:<22}{each.failed[:90]}")
            continue
        wall, cpu = 1e3 * each.percentile(50), 1e3 * each.percentile(50, "cpu")
        share = each.percentile(50) / own.percentile(50)
        numbers = f"{wall:>9.2f}{cpu:>9.2f}{len(each.wall):>6}{share:>10.3f}{each.load:>8.2f}{each.first:>9.2f}"
        print(f"  {each.candidate:<22}{numbers}{each.memory / 2**20:>7.0f}")
    others = [measured[exporter] for exporter in FILES[1:] if exporter in measured]
    best = min(others, key=lambda each: statistics.median(each.cpu))
    fastest = own.percentile(10, "cpu") / best.percentile(10, "cpu")  # what else ran has disturbed these least
    shown = f"{ratio(own, best, 'wall')} wall, {ratio(own, best, 'cpu')} CPU, {fastest:.3f} CPU of the fastest tenth"
    print(f"  nnspec / {best.candidate}: {shown}", flush=True)
    return best.candidate


def profile(file: Path, inputs: Mapping[str, np.ndarray], runs: int = 10) -> Counter[str]:
    """Milliseconds of a run by operator, as onnxruntime tells them."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.enable_profiling = 1, True
    options.profile_file_prefix = str(file.with_suffix(""))
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    arrays = dict(zip((port.name for port in session.get_inputs()), inputs.values(), strict=True))
    for _ in range(runs):
        session.run(None, arrays)
    events = json.loads(Path(session.end_profiling()).read_text())
    times: Counter[str] = Counter()
    for event in events:
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time"):
            times[event["args"]["op_name"]] += event["dur"] / 1e3 / runs
    return times


def main(arguments: argparse.Namespace) -> None:
    """Measure and print."""
    print(f"onnxruntime {onnxruntime.__version__}, {arguments.threads} threads, {arguments.seconds} s for each")
    for name in arguments.networks or NETWORKS:
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place)
            save_weights(name, folder)
            files = export(name, folder)
            cases = {"x".join(map(str, (batch, *NETWORKS[name]))): inputs_of(name, batch) for batch in BATCHES}
            run_by = candidates(name, folder, files, arguments.threads, arguments.compiled)
            found = measure(run_by, cases, arguments.seconds)
            for exporter, file in files.items():
                if isinstance(file, str):
                    print(f"{name}, {exporter}: {file}")
            for batch, case in zip(BATCHES, cases, strict=True):
                best = report(name, batch, [each for each in found if each.case == case])
                if arguments.profile:
                    for exporter in (OWN, best):
                        times = profile(Path(files[exporter]), cases[case]).most_common(9)
                        print(f"  {exporter}: {', '.join(f'{op} {ms:.2f}' for op, ms in times)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("networks", nargs="*", choices=[[], *NETWORKS])
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--compiled", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--profile", action="store_true")
    sys.exit(main(parser.parse_args()))
