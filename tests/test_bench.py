"""`nnspec bench`: every runtime is a row, on the same inputs, in turns; what does not run says why."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

import nnspec
from nnspec import SpecError
from nnspec.bench.measure import Candidate, measure
from nnspec.cli.main import main

TEXT = "model Net {\n  input tokens: int[N, T]\n  output y = Embedding(9, 4) -> fc: Linear(3)\n}\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CXX", "/nowhere/c++")  # so that torch.compile is refused at once, and says so
    Path("net.nn").write_text(TEXT)
    return tmp_path


def bench(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["bench", *arguments])


def test_every_runtime_is_a_row_and_what_does_not_run_says_why() -> None:
    result = bench("net.nn", "--batch", "1,3", "--size", "T=5", "--seconds", "0.02", "--threads", "1")
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert [line for line in lines if not line.startswith(" ")] == ["1x5, cpu, threads: 1", "3x5, cpu, threads: 1"]
    assert lines[1].split()[:3] == ["runtime", "p50", "ms"]
    rows = [line.split() for line in lines if line.startswith(("  onnxruntime ", "  PyTorch "))]
    assert len(rows) == 4
    for _, p50, p90, p99, cpu, speed, *_ in rows:
        assert 0 < float(p50) <= float(p90) <= float(p99) and float(cpu) > 0 and float(speed.replace(",", "")) > 0
    failures = [line for line in lines if line.startswith("  PyTorch, compiled: ")]
    assert len(failures) == 2 and "compiler" in failures[0]


def test_measurements_are_values_too() -> None:
    found = nnspec.load("net.nn").benchmark(batches=[2], sizes={"T": 4}, seconds=0.02, threads=1, compiled=False)
    assert [(each.candidate, each.case, each.samples) for each in found] == [
        ("onnxruntime", "2x4", 2), ("PyTorch", "2x4", 2)
    ]  # fmt: skip
    for each in found:
        assert each.failed is None and len(each.wall) == len(each.cpu) >= 5
        assert each.percentile(50) <= each.percentile(99) and each.load > 0 and each.first > 0
    assert found[0].memory > 0


def test_json_has_the_time_of_every_run() -> None:
    result = bench("net.nn", "--size", "T=2", "--seconds", "0.01", "--json", "--no-compiled")
    first = json.loads(result.stdout)[0]
    assert first["candidate"] == "onnxruntime" and first["case"] == "1x2" and len(first["wall"]) >= 5


def test_a_candidate_that_ends_does_not_stop_the_others() -> None:
    nnspec.load("net.nn").export_onnx("net.onnx", verify=False)
    Path("broken.onnx").write_bytes(b"no model")
    candidates = [Candidate("broken", "onnx", Path("broken.onnx")), Candidate("sound", "onnx", Path("net.onnx"))]
    cases = {"outside": {"tokens": np.full((1, 2), 99)}, "inside": {"tokens": np.zeros((1, 2), np.int64)}}
    found = {(each.candidate, each.case): each.failed for each in measure(candidates[:1], cases, 0.01)}
    assert all(reason and "E0801" in reason for reason in found.values())
    refused, _ = measure(candidates[1:], cases, 0.01)
    assert refused.failed and "E0806" in refused.failed
    broken, sound = measure(candidates, {"inside": cases["inside"]}, 0.01)
    assert broken.failed and sound.failed is None and sound.wall


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["net.nn"], "E0813", "say how large: --size T=128"),
        (["fixed.nn", "--batch", "2"], "E0219", "has no batch to set"),
        (["net.nn", "--size", "T=2", "--weights", "none.pt"], "E0707", "there is no such file"),
    ],
)
def test_a_mistake_ends_with_1_and_its_code(arguments: list[str], code: str, text: str) -> None:
    Path("fixed.nn").write_text(TEXT.replace("N, T", "1, 2"))
    result = bench(*arguments)
    assert result.exit_code == 1 and result.stderr.startswith("error[") and text in result.stderr, result.output
    assert code in result.stderr


@pytest.mark.parametrize("arguments", [["--batch", "0"], ["--batch", "a"], ["--size", "T"], ["--provider", "tpu"]])
def test_a_wrong_command_line_ends_with_2(arguments: list[str]) -> None:
    assert bench("net.nn", *arguments).exit_code == 2


def test_a_provider_that_is_not_there_is_refused() -> None:
    with pytest.raises(SpecError, match="E0802"):
        nnspec.load("net.nn").benchmark(sizes={"T": 2}, provider="tensorrt")
