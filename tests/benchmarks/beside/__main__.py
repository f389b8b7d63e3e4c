"""nnspec, Keras, torchinfo and torch.onnx on the same networks: `python -m tests.benchmarks.beside [RUNS]`.

It prints a Markdown table: the lines of each definition in this folder, the processor's time and the peak of memory from
the start of Python to a summary and to an ONNX file, and how exact both are. Each of the RUNS of a tool is a process of
its own, in turn with those of the others; the least is shown, with its ratio to nnspec's. What is not installed is left
out: keras (its backend here is PyTorch), torchinfo, onnxscript, which the exporters of PyTorch and Keras need.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
NEEDED = {
    "summary": {"nnspec": (), "keras": ("keras",), "torchinfo": ("torchinfo",)},
    "export": {
        "nnspec": (),
        "unverified": (),
        "keras": ("keras", "onnxscript"),
        "torch": ("onnxscript",),
    },
}
TITLES = {"unverified": "nnspec, without its check", "torchinfo": "torchinfo", "torch": "torch.onnx", "keras": "Keras"}
# Parameters by torch, of the modules here; multiply-accumulates by torch.utils.flop_counter, halved. The words of GPT-2
# are 64, and all pairs of them count.
TRUE = {
    "mnist_convnet": (34_826, 2_440_960),
    "resnet50": (25_557_032, 4_089_184_256),
    "gpt2": (124_439_808, 7_981_547_520),
}
Found = dict[str, Any]


def lines(network: str, tool: str) -> int:
    """The lines of a definition that are neither empty nor an import."""
    language = {"nnspec": ".nn", "unverified": ".nn", "keras": "_keras.py"}.get(tool, "_torch.py")
    text = (FOLDER / f"{network}{language}").read_text(encoding="utf-8")
    return sum(bool(line.strip()) and not line.startswith(("import ", "from ")) for line in text.splitlines())


def run(tool: str, network: str, what: str, folder: str) -> Found:
    """A run of a tool, or why there is none."""
    command = [sys.executable, "-W", "ignore", "-m", "tests.benchmarks.beside.measure", tool, network, what, folder]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "KERAS_BACKEND": "torch", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=FOLDER.parents[2])
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["no word"])[-1].strip()}
    found: Found = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def measured(network: str, what: str, runs: int) -> dict[str, Found]:
    """The run of each tool that took least."""
    tools = [tool for tool, needed in NEEDED[what].items() if all(map(find_spec, needed))]
    found: dict[str, list[Found]] = {tool: [] for tool in tools}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(runs):
            for tool in tools:
                found[tool].append(run(tool, network, what, folder))
    return {tool: min(each, key=lambda one: one.get("seconds", 0)) for tool, each in found.items()}


def _beside(own: Found, other: Found, key: str, digits: int) -> str:
    ratio = "" if other is own else f" ({other[key] / own[key]:.1f}x)"
    return f"{other[key]:,.{digits}f}{ratio}"


def _exact(found: int | None, true: int) -> str:
    if found is None:
        return "not told"
    return "exact" if found == true else f"{100 * (found - true) / true:+.2g} %"


def _file(differences: dict[str, float | str]) -> str:
    told = [f"{each:.0e}" if isinstance(each, float) else each for each in differences.values()]
    return f"{told[0]}, {told[1]}"


def main(runs: int = 3) -> None:
    """Measure and print."""
    summary = ["| network | summary by | lines | seconds | MiB | parameters | multiply-accumulates |", "|---" * 7 + "|"]
    export = ["| network | ONNX by | seconds | MiB | differs, 1 sample and 3 |", "|---" * 5 + "|"]
    for network, (parameters, macs) in TRUE.items():
        found = measured(network, "summary", runs)
        for tool, each in found.items():
            title = TITLES.get(tool, tool)
            if "failed" in each:
                summary.append(f"| {network} | {title} | {lines(network, tool)} | fails: {each['failed']} | | | |")
                continue
            cells = [_beside(found["nnspec"], each, "seconds", 1), _beside(found["nnspec"], each, "MiB", 0)]
            cells += [_exact(each["parameters"], parameters), _exact(each["macs"], macs)]
            summary.append(f"| {network} | {title} | {lines(network, tool)} | {' | '.join(cells)} |")
        found = measured(network, "export", runs)
        for tool, each in found.items():
            title = TITLES.get(tool, tool)
            if "failed" in each:
                export.append(f"| {network} | {title} | fails: {each['failed']} | | |")
                continue
            cells = [_beside(found["nnspec"], each, "seconds", 1), _beside(found["nnspec"], each, "MiB", 0)]
            export.append(f"| {network} | {title} | {' | '.join(cells)} | {_file(each['differences'])} |")
    print("\n".join([*summary, "", *export, ""]))
    packages = ("torch", "keras", "torchinfo", "onnxscript", "onnxruntime")
    versions = [f"{name} {version(name)}" for name in packages if find_spec(name)]
    print(f"{platform.machine()}, one thread, Python {platform.python_version()}, {', '.join(versions)}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
