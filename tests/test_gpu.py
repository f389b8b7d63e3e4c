"""Acceptance on a GPU: `pytest -m gpu` trains, exports, runs and measures there, and prints a table of what it found.

Without a GPU every test is skipped, with the reason. `NNSPEC_GPU=cpu pytest -m gpu` rehearses all of it on the processor.
"""

from __future__ import annotations

import csv
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import nnspec
from nnspec.infer.session import Session
from nnspec.run import Run

pytestmark = pytest.mark.gpu

DEVICE = os.environ.get("NNSPEC_GPU", "cuda")
PROVIDER = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
LENET = "examples/lenet5_digits.nn"
GPT = "examples/characters_gpt.nn"
LONG = 2 if DEVICE == "cuda" else 1  # epochs of the network that takes a processor minutes
Note = Callable[[str, object], None]


@pytest.fixture(autouse=True)
def gpu() -> None:
    if DEVICE == "cuda" and not torch.cuda.is_available():
        pytest.skip("no GPU: torch.cuda.is_available() is false")


@pytest.fixture
def provider() -> str:
    if PROVIDER[DEVICE] not in ort.get_available_providers():
        pytest.skip(f"no {PROVIDER[DEVICE]} in this onnxruntime: pip install 'nnspec[gpu]'")
    return DEVICE


def train(path: str, folder: Path, **recipe: object) -> Run:
    return nnspec.load(path).train(runs=folder, device=DEVICE, quiet=True, **recipe)


@pytest.mark.parametrize("way", ["float32", "bfloat16", "float16", "compile"])
def test_training_in_every_precision_reaches_what_the_processor_does(
    way: str, tmp_path: Path, record_property: Note
) -> None:
    if way == "float16" and DEVICE == "cpu":
        pytest.skip("float16 is for GPUs")
    recipe = {"compile": True} if way == "compile" else {"precision": f'"{way}"'}
    run = train(LENET, tmp_path, epochs=4, **recipe)
    row = run.history[-1]
    assert row["accuracy"] is not None and row["accuracy"] > 0.9
    record_property("accuracy", f"{row['accuracy']:.4f}")
    record_property("samples/s", f"{row['samples_per_second']:,.0f}")


@pytest.mark.parametrize("strategy", ["ddp", "fsdp"])
def test_a_strategy_on_one_card_follows_the_curve_of_none(
    strategy: str, tmp_path: Path, repository: Path, record_property: Note
) -> None:
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "1", "-m", "nnspec", "train"]
    options = [
        "--device",
        DEVICE,
        "--strategy",
        strategy,
        "--runs",
        str(tmp_path),
        "--name",
        "one",
        "--set",
        f"epochs={LONG}",
    ]
    spec = str(repository / GPT)
    done = subprocess.run([sys.executable, *launch, spec, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "one/metrics.csv").open() as file:
        rows = list(csv.DictReader(file))
    alone = train(spec, tmp_path, epochs=LONG)
    for own, other in zip(rows, alone.history, strict=True):
        assert float(own["loss"]) == pytest.approx(other["loss"], rel=2e-2)  # atomic sums have no fixed order on a GPU
    record_property("loss", rows[-1]["loss"])
    record_property("samples/s", rows[-1]["samples_per_second"])


def test_a_run_goes_on_where_it_stopped(tmp_path: Path, record_property: Note) -> None:
    whole = train(LENET, tmp_path, epochs=3)
    half = nnspec.resume(train(LENET, tmp_path, epochs=1).folder, device=DEVICE, quiet=True, epochs=3)
    pairs = zip(load_file(whole.last_weights).values(), load_file(half.last_weights).values(), strict=True)
    distance = max(float((a.double() - b.double()).abs().max()) for a, b in pairs)
    record_property("distance", f"{distance:.1e}")
    assert distance < 1e-2


PICTURES = """
model Small {
  input image: float[N, 3, 32, 32]
  Conv2d(16, 3, padding = 1) -> ReLU -> MaxPool2d(2) -> Flatten
  output logits = Linear(2)
}
train {
  data      = images("pictures")
  augment   = [random_flip]
  metrics   = [accuracy(logits, label)]
  loss      = cross_entropy(logits, label)
  optimizer = SGD(lr = 0.05, momentum = 0.9)
  batch     = 16
  epochs    = 2
}
"""


def test_pictures_that_are_copied_while_the_card_computes_are_those_that_are_kept(
    tmp_path: Path, record_property: Note
) -> None:
    draws = np.random.default_rng(0)
    for number in range(200):
        place = tmp_path / "pictures" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = draws.integers(0, 128 + 127 * (number % 2), (40, 36, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
    (tmp_path / "small.nn").write_text(PICTURES)
    kept = train(str(tmp_path / "small.nn"), tmp_path)
    read = train(str(tmp_path / "small.nn"), tmp_path, memory="1KB", workers=2)
    pairs = zip(load_file(kept.last_weights).values(), load_file(read.last_weights).values(), strict=True)
    distance = max(float((a.double() - b.double()).abs().max()) for a, b in pairs)
    record_property("distance", f"{distance:.1e}")
    record_property("samples/s", f"{read.history[-1]['samples_per_second']:,.0f}")
    assert distance < 1e-3
    judged = nnspec.evaluate(read.folder, device=DEVICE, memory="1KB", workers=2)
    assert judged.figures["accuracy"] == pytest.approx(max(row["accuracy"] or 0 for row in read.history), abs=1e-2)


@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_what_was_trained_runs_in_onnxruntime_on_the_card(
    precision: str, provider: str, tmp_path: Path, record_property: Note
) -> None:
    run = train(LENET, tmp_path, epochs=2)
    model = nnspec.load(LENET)
    file = str(tmp_path / "model.onnx")
    model.export_onnx(file, run.last_weights, precision=precision, target=DEVICE, verify=False)
    (port,) = model.program.main.inputs
    sizes = [size if isinstance(size, int) else 64 for size in model.program.main.values[port.value].shape]
    given = {port.name: np.random.default_rng(0).random(sizes, np.float32)}
    plain = str(tmp_path / "plain.onnx")
    model.export_onnx(plain, run.last_weights, verify=False)
    expected = next(iter(Session(plain, "cpu").run(given).values()))
    found = next(iter(Session(file, provider).run(given).values()))
    distance = float(np.abs(found - expected).max() / np.abs(expected).max())
    record_property("distance", f"{distance:.1e}")
    assert distance < {"float32": 5e-3, "float16": 2e-2, "bfloat16": 1e-1}[precision]  # TF32 in convolutions


def test_values_stay_on_the_card_while_they_are_bound(provider: str, tmp_path: Path, record_property: Note) -> None:
    model = nnspec.loads("model Wide { input x: float[N, 1024]  output y = 4 x { Linear(1024) -> ReLU } }"
                         .replace("]  output", "]\n output"))  # fmt: skip
    file = str(tmp_path / "wide.onnx")
    model.export_onnx(file, verify=False)
    session = Session(file, provider)
    x = torch.rand(256, 1024, device=DEVICE)
    binding = session.bind({"x": x})
    output = binding.run()["y"]
    assert output.device_name() == DEVICE
    np.testing.assert_allclose(output.numpy(), session.run({"x": x.cpu().numpy()})["y"], rtol=1e-4, atol=1e-5)
    copied = median(lambda: session.run({"x": x.cpu().numpy()}))
    bound = median(binding.run)
    record_property("bound over copied", f"{bound / copied:.2f}")


def test_a_step_takes_what_a_hand_written_loop_takes(tmp_path: Path, record_property: Note) -> None:
    draws = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=draws.random((8192, 256), np.float32), label=draws.integers(0, 10, 8192))
    spec = f"""
    model Deep {{
      input x: float[N, 256]
      output logits = 8 x {{ Linear(512) -> ReLU }} -> Linear(10)
    }}
    train {{
      data      = arrays("{tmp_path / "data.npz"}")
      batch     = 64
      normalize = false
      optimizer = Adam
    }}
    """
    run = nnspec.loads(spec).train(runs=tmp_path, device=DEVICE, quiet=True, epochs=4)
    ours = min(64 / row["samples_per_second"] for row in run.history[1:] if row["samples_per_second"])
    model = nnspec.loads(spec).to_torch().to(DEVICE)
    known = np.load(tmp_path / "data.npz")
    x, label = torch.from_numpy(known["x"]).to(DEVICE), torch.from_numpy(known["label"]).long().to(DEVICE)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    times = []
    for _ in range(4):
        order = torch.randperm(6554, device=DEVICE)
        synchronise()
        began = time.perf_counter()
        for rows in order.split(64):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(x[rows]), label[rows]).backward()
            optimizer.step()
        synchronise()
        times.append((time.perf_counter() - began) / len(order.split(64)))
    record_property("ms a step", f"{1e3 * ours:.3f}")
    record_property("speed to hand-written", f"{min(times[1:]) / ours:.2f}")


def test_the_benchmark_measures_the_card(provider: str, record_property: Note) -> None:
    for row in nnspec.load(LENET).benchmark(batches=(8,), provider=provider, seconds=0.5, compiled=False):
        assert not row.failed, row.failed
        record_property(row.candidate, f"{1e3 * row.percentile(50):.3f} ms")


def median(step: Callable[[], object], count: int = 30) -> float:
    times = []
    for _ in range(count):
        began = time.perf_counter()
        step()
        synchronise()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def synchronise() -> None:
    if DEVICE == "cuda":
        torch.cuda.synchronize()
