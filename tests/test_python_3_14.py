"""The core on Python 3.14, whose annotations are lazy: its own tests run in Pyodide, which npm has, under node."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PYODIDE = "pyodide@314.0.7"  # Python 3.14.2
PLATFORM = "pyemscripten_2026_0_wasm32"
# pydantic-core is compiled; all others are plain Python.
WHEELS = (
    "annotated-types", "click", "hypothesis", "iniconfig", "lark", "packaging", "pluggy", "pydantic", "pydantic_core",
    "pygments", "pytest", "sortedcontainers", "typing-inspection", "typing_extensions",
)  # fmt: skip
# The tests that need neither torch nor onnx nor numpy.
CORE = (
    "dims", "elaborate", "explain", "import", "language_properties", "manifest", "mistakes", "record", "robustness",
    "shape_rules", "summary", "syntax", "zoo", "zoo_coverage", "zoo_keras", "zoo_sequences",
)  # fmt: skip
# A browser's Python starts no processes and no threads, which these tests do.
ELSEWHERE = (
    "tests/test_explain.py::test_every_code_belongs_to_one_mistake_and_has_a_page",
    "tests/test_manifest.py::test_a_process_that_is_killed_at_any_event_leaves_all_files_of_before_or_all_of_after",
    "tests/test_syntax.py::test_several_threads_may_read_at_once",
)


def _installed(command: list[str], folder: Path) -> None:
    """Run an installer; without a registry there is nothing to test with."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{command[0]} could not install what this test needs: {done.stderr.strip().splitlines()[-1:]}")


@pytest.mark.slow
def test_the_core_passes_its_tests_on_python_3_14(repository: Path, tmp_path: Path) -> None:
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("node and npm are needed to run Pyodide")
    shutil.copy(repository / "tests/pyodide/run.mjs", tmp_path)
    _installed(["npm", "install", "--no-audit", "--no-fund", PYODIDE], tmp_path)
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(site), "--no-deps"]
    versions = ["--only-binary=:all:", "--python-version", "3.14", "--platform", PLATFORM]
    _installed([*pip, *versions, "-c", str(repository / "constraints.txt"), *WHEELS], tmp_path)
    tests = [f"tests/test_{name}.py" for name in CORE]
    left_out = [f"--deselect={name}" for name in ELSEWHERE]
    command = ["node", "run.mjs", str(repository), str(site), *tests, *left_out]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert "Python 3.14" in done.stdout and " passed" in done.stdout
