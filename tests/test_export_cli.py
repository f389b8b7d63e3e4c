"""`nnspec export` on the command line: what it writes, what it prints, what it refuses."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import onnx
import onnxruntime
import pytest
from click.testing import CliRunner, Result

from nnspec.cli.main import main
from nnspec.to_onnx import accepted

TEXT = "model Net(width = 4) {\n  input x: float[N, 3]\n  output y = fc: Linear(width) -> ReLU\n}\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.nn").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", *arguments])


def test_both_files_are_written_with_one_line_each(folder: Path) -> None:
    result = run("net.nn", "--torch", "net.py", "--onnx", "net.onnx", "--set", "width=7")
    assert result.exit_code == 0, result.output
    assert re.fullmatch(
        r"net\.py: PyTorch source, \d+ lines, class Net\n"
        r"net\.onnx: ONNX opset 22, \d+ bytes, x \[N, 3\] -> y \[N, 7\], equals PyTorch within \d\.\de[-+]\d+\n"
        r"  note: untrained weights, seed 0\n",
        result.stdout,
    )
    assert [value.shape for value in onnxruntime.InferenceSession("net.onnx").get_outputs()] == [["N", 7]]


def test_the_source_runs_without_nnspec(folder: Path) -> None:
    assert run("net.nn", "--torch", "net.py").exit_code == 0
    code = (
        "import sys, torch; from net import Net; print(tuple(Net()(torch.zeros(2, 3)).shape), 'nnspec' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout == "(2, 4) False\n"


def test_sizes_opset_and_no_comparison_are_taken(folder: Path) -> None:
    result = run("net.nn", "--onnx", "net.onnx", "--input", "x=5x3", "--opset", "20", "--no-verify")
    size = Path("net.onnx").stat().st_size
    assert result.stdout.startswith(f"net.onnx: ONNX opset 20, {size} bytes, x [5, 3] -> y [5, 4]\n")


@pytest.mark.parametrize(
    ("precision", "words"),
    [
        (
            "float16",
            r"ONNX opset 22 float16, \d+ bytes, x \[N, 3\] -> y \[N, 4\], differs from float32 PyTorch by up to",
        ),
        ("int8", r"ONNX opset 22 int8, (?s:.*)note: (warning: slower|faster) than float32 here"),
    ],
)
def test_a_precision_is_told_with_what_it_costs(folder: Path, precision: str, words: str) -> None:
    result = run("net.nn", "--onnx", "net.onnx", "--precision", precision)
    assert result.exit_code == 0 and re.search(words, result.stdout), result.output


def test_a_target_and_functions_are_taken(folder: Path) -> None:
    result = run("net.nn", "--onnx", "net.onnx", "--target", "cuda", "--functions", "--precision", "bfloat16")
    assert result.stdout.startswith("net.onnx: ONNX opset 23 bfloat16, ")
    assert "note: not verified: onnxruntime computes in bfloat16 on GPUs only" in result.stdout


def test_an_opset_that_the_installed_onnxruntime_does_not_read_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old(model: bytes, **options: object) -> None:
        if onnx.load_from_string(model).opset_import[0].version > 23:
            raise RuntimeError("too new")

    monkeypatch.setattr(accepted, "open_session", old)
    result = run("net.nn", "--onnx", "net.onnx", "--opset", "25", "--no-verify")
    assert result.exit_code == 1 and "opset 25 is not one of 17 to 23, which run here" in result.stderr
    assert run("net.nn", "--onnx", "net.onnx", "--opset", "23", "--no-verify").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--weights", "w.pt"],
        ["--torch", "a.py", "--opset", "20"],
        ["--torch", "a.py", "--precision", "int8"],
        ["--torch", "a.py", "--functions"],
        ["--onnx", "a.onnx", "--precision", "float64"],
        ["--onnx", "a.onnx", "--calibrate", "s.npz"],
    ],
)
def test_a_wrong_command_line_ends_with_2(folder: Path, arguments: list[str]) -> None:
    assert run("net.nn", *arguments).exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--onnx", "a.onnx", "--opset", "9"], "E0704"),
        (["--onnx", "a.onnx", "--weights", "none.safetensors"], "E0707"),
        (["--onnx", "a.onnx", "--limit", "layers=1"], "E0701"),
        (["--onnx", "none/a.onnx"], "E0502"),
        (["--onnx", "a.onnx", "--precision", "int8-static", "--calibrate", "none.npz"], "E0712"),
        (["--onnx", "a.onnx", "--precision", "int8-static", "--functions"], "E0715"),
        (["--torch", "none/a.py"], "E0502"),
    ],
)
def test_a_mistake_ends_with_1_and_its_code(folder: Path, arguments: list[str], code: str) -> None:
    result = run("net.nn", *arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error[{code}]: ")
    assert sorted(path.name for path in folder.iterdir()) == ["net.nn"]
