"""The round trip of the zoo and the examples through ONNX: python -m tests.onnx_round_trip [name ...].

A spec is exported with new weights, the file is imported, and what comes back is run beside it by onnxruntime. Each has
a process of its own; those of more than LARGEST parameters are left out, as are those that ONNX cannot say.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import nnspec
from nnspec.dims import substitute, symbols
from nnspec.ir.state import totals
from tests.reference.apart import named, table
from tests.reference.zoo import Entry
from tests.round_trip import entries, loaded

LARGEST = 60_000_000
SECONDS = 120
STEPS = 8  # of a scan whose length is to be a number


def comes_back(entry: Entry, path: Path) -> nnspec.Model:
    """What a spec is after its way through a file.

    Raises:
        SpecError: it does not come back.
    """
    model = loaded(entry)
    model.export_onnx(path, verify=False)
    return nnspec.from_onnx(path)


def outcome(entry: Entry) -> str:
    """Whether a spec comes back, in words."""
    program = loaded(entry).program
    count = totals(program)[program.entry].parameters
    if count > LARGEST:
        return f"left out: {count:,} parameters"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        try:
            loaded(entry).export_onnx(path, verify=False)
        except nnspec.SpecError as refused:
            return f"not exported: {_first(refused)}"
        try:
            back = nnspec.from_onnx(path)
        except nnspec.SpecError as refused:
            if not _is_of_fixed_lengths(entry, path):
                return f"REFUSED: {_first(refused)}"
            return "equal of fixed lengths, in which each step of its scan is written out"
    lines = len([line for line in back.text.splitlines() if line.strip()])
    return f"equal, {lines} lines for {len([line for line in loaded(entry).text.splitlines() if line.strip()])}"


def _is_of_fixed_lengths(entry: Entry, path: Path) -> bool:
    """Whether a spec comes back where all sizes but the number of samples are numbers."""
    main = loaded(entry).program.main
    dynamic = {}
    for port, type in zip(main.inputs, main.input_types, strict=True):
        open_sizes = {each.text: STEPS for size in type.shape for each in symbols(size) if each.text != "N"}
        dynamic[port.name] = " ".join(str(substitute(size, open_sizes)) for size in type.shape)
    try:
        nnspec.from_onnx(path, dynamic=dynamic)
    except nnspec.SpecError:
        return False
    return True


def _first(refused: nnspec.SpecError) -> str:
    return " ".join(str(refused).split())[:300]


def main() -> None:
    """Print the table."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    asked = named(entries(), words)
    counts: dict[str, int] = {}
    for name, found, seconds in table(asked, outcome, SECONDS):
        kind = found.partition(":")[0].partition(",")[0]
        counts[kind] = counts.get(kind, 0) + 1
        print(f"{name:56} {seconds:6.1f} s  {found[:1500]}", flush=True)
    print(f"{len(asked)} specs: " + ", ".join(f"{count} {kind}" for kind, count in counts.items()))


if __name__ == "__main__":
    main()
