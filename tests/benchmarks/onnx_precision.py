"""Fewer bits in onnxruntime on the processor: `python tests/benchmarks/onnx_precision.py`.

For every network and precision: the size of the file, the time of a run on one input, alone and over that of float32,
and the difference of the results from those of float32, relative to their largest magnitude. The sessions have one
thread and take turns; times are medians of the processor's. Weights are untrained, in ViT's head too, so that there is
a result to compare; static int8 takes its ranges from random images.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
from safetensors.numpy import save_file

import nnspec
from nnspec.ir.state import state_dict
from nnspec.to_onnx.choices import PRECISIONS, Precision
from nnspec.weights.load import initial_weights

NETWORKS = {"vit": (1, 3, 224, 224), "resnet50": (1, 3, 224, 224), "gpt2": (1, 64)}
RUNS = 15


def save_weights(model: nnspec.Model, path: Path) -> None:
    """Untrained weights, none of them zero."""
    start, random = initial_weights(model.program), np.random.default_rng(0)
    arrays = {entry.key: start.arrays(entry.key) for entry in state_dict(model.program) if entry.tied_to is None}
    for key, array in arrays.items():
        if not array.any() and array.ndim > 1:
            arrays[key] = random.normal(0, 0.02, array.shape).astype(array.dtype)
    save_file(arrays, path)


def open_session(path: Path) -> ort.InferenceSession:
    """A session with one thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def make_input(shape: tuple[int, ...]) -> np.ndarray:
    """Random images, or random tokens."""
    random = np.random.default_rng(1)
    return random.standard_normal(shape).astype(np.float32) if len(shape) == 4 else random.integers(0, 50257, shape)


def measure(name: str, folder: Path) -> None:
    """Print the rows of a network."""
    model = nnspec.load(name)
    weights, samples, sessions = folder / "w.safetensors", folder / "samples.npz", {}
    save_weights(model, weights)
    (port,) = [port.name for port in model.program.main.inputs]
    np.savez(samples, **{port: np.concatenate([make_input(NETWORKS[name])] * 4)})
    for precision in PRECISIONS:
        static = precision == "int8-static"
        if static and name == "gpt2":
            continue  # there are no convolutions in it
        path = folder / f"{precision}.onnx"
        model.export_onnx(path, weights, precision=precision, calibrate=samples if static else None, verify=False)
        sessions[precision] = open_session(path)
    compare(name, {port: make_input(NETWORKS[name])}, sessions, folder)


def compare(
    name: str, inputs: dict[str, np.ndarray], sessions: dict[Precision, ort.InferenceSession], folder: Path
) -> None:
    """Run the sessions in turn and print what is found."""
    times: dict[Precision, list[float]] = {precision: [] for precision in sessions}
    results = {}
    for _ in range(RUNS):
        for precision, session in sessions.items():
            start = time.process_time()
            (results[precision],) = session.run(None, inputs)
            times[precision].append(time.process_time() - start)
    exact, base = results["float32"], statistics.median(times["float32"])
    for precision, found in times.items():
        size = (folder / f"{precision}.onnx").stat().st_size / 2**20
        away = np.abs(results[precision] - exact).max() / np.abs(exact).max()
        seconds = statistics.median(found)
        print(
            f"{name:<10}{precision:<13}{size:>8.0f}{1000 * seconds:>9.1f}{seconds / base:>11.2f}{away:>12.1e}",
            flush=True,
        )


def main() -> None:
    """Measure and print."""
    print(f"{'network':<10}{'precision':<13}{'MiB':>8}{'ms':>9}{'/ float32':>11}{'difference':>12}")
    for name in NETWORKS:
        with tempfile.TemporaryDirectory() as place:
            measure(name, Path(place))


if __name__ == "__main__":
    main()
