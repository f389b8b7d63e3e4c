"""The round trip of every spec of the zoo and of every example: python -m tests.round_trip [--every] [name ...].

A text becomes a module of PyTorch, that is imported, and what comes back computes the same from the same weights. The
table says for each whether the program is the same, too, but for names and blocks (`tests/reference/outline.py`), and if
not where the first difference is. Each spec has a process of its own, with a limit of memory.
"""

from __future__ import annotations

import re
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn

import nnspec
from nnspec.dims import substitute, symbols
from nnspec.importing.from_torch.module import module_text, need_equal
from nnspec.ir.program import Program
from nnspec.model import Model
from tests.reference.apart import named, table
from tests.reference.outline import Outline
from tests.reference.zoo import EVERY, ZOO, Entry

ROOT = Path(__file__).parent.parent
MEMORY = 14 << 30  # bytes that one round trip may take
SECONDS = 600
SIZES = {"N": 2, "H": 64, "W": 64, "T": 7, "S": 5, "h": 3, "w": 3}


def entries() -> dict[str, Entry]:
    """One of each file of the zoo, and all models of the examples, by what they are called in the table."""
    found = {f"zoo/{file}": entry for file, entry in ZOO.items()}
    for path in sorted((ROOT / "examples").glob("*.nn")):
        for model in re.findall(r"^model (\w+)", path.read_text(), re.MULTILINE):
            found[f"examples/{path.name} {model}"] = (f"examples/{path.name}", model, {})
    return found


def every() -> dict[str, Entry]:
    """Those, and all other settings for which the zoo has goldens."""
    found = entries()
    for file, model, settings in EVERY:
        words = "".join(f" {key}={value}" for key, value in settings.items())
        found.setdefault(f"zoo/{file} {model}{words}", (file, model, settings))
    return found


def loaded(entry: Entry) -> Model:
    """The model of an entry."""
    file, model, settings = entry
    path = ROOT / file if file.startswith("examples/") else ROOT / "specs" / file
    return nnspec.load(path, model, settings=settings)


SIZES_OF = {"unet_2015.nn": {"H": 572, "W": 572, "h": 12, "w": 12}, "wav2vec2.nn": {"T": 800, "L": 800}}


def example(
    program: Program, further: Mapping[str, int] | None = None
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Inputs of a program, and how its sizes are said to the importer."""
    given: dict[str, torch.Tensor] = {}
    dynamic: dict[str, str] = {}
    sizes: dict[str, int] = dict(further or {})
    for port, type in zip(program.main.inputs, program.main.input_types, strict=True):
        for size in type.shape:
            for symbol in () if isinstance(size, int) else symbols(size):
                least, most = symbol.bounds
                sizes.setdefault(symbol.text, max(least, min(SIZES.get(symbol.text, 4), most or 64)))
        shape = [int(str(substitute(size, sizes))) for size in type.shape]
        count = torch.arange(torch.Size(shape).numel()).reshape(shape)
        given[port.name] = torch.rand(shape) if type.dtype == "float" else count.remainder(2)
        if type.dtype == "bool":
            given[port.name] = given[port.name].bool()
        dynamic[port.name] = " ".join(str(size).replace(" ", "") for size in type.shape)
    return given, dynamic


def back(model: Model, further: Mapping[str, int] | None = None, *, fixed: bool = False) -> Program:
    """What a model is after its round trip, by which no result changes; `fixed` is one of the sizes of the example.

    Raises:
        SpecError: it does not come back.
    """
    module = model.to_torch().eval()
    given, dynamic = example(model.program, further)
    dynamic = {} if fixed else dynamic
    if isinstance(module, nn.Sequential):  # its forward calls what comes in `input`
        given, dynamic = (dict(zip(("input",), pair.values(), strict=False)) for pair in (given, dynamic))
    program = nnspec.loads(module_text(module, given, dynamic, model.name).text).program
    need_equal(module, program, given)
    return program


def outcome(entry: Entry) -> str:
    """Whether a spec comes back, and as the same program."""
    model, further = loaded(entry), SIZES_OF.get(entry[0])
    try:
        made = back(model, further)
    except nnspec.SpecError as refused:
        try:
            back(model, further, fixed=True)
        except nnspec.SpecError as fixed:
            return f"REFUSED: of any size {refused}\n  of the sizes of the example {fixed}"
        first = refused.diagnostics[0]
        loops = "as many steps of its loops are written out"
        why = loops if first.code == "E0532" else (first.notes or (first.message,))[0]
        return f"equal results: of the sizes of the example, {why}"
    outline = Outline()
    before, after = outline.of(model.program), outline.of(made)
    return "equal" if before == after else f"equal results: {outline.difference(before, after)}"


def _limited(entry: Entry) -> str:
    """The outcome, with a limit of memory; for a process of its own."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    torch.set_num_threads(1)
    torch.manual_seed(0)
    return outcome(entry)


def main() -> None:
    """Print the table."""
    words = [word for word in sys.argv[1:] if not word.startswith("-")]
    known = every() if "--every" in sys.argv else entries()
    asked = named(known, words)
    counts = {"equal": 0, "equal results": 0}
    for name, found, seconds in table(asked, _limited, SECONDS):
        kind = found.partition(":")[0]
        counts[kind] = counts.get(kind, 0) + 1
        print(f"{name:60} {seconds:6.1f} s  {found[:1500]}", flush=True)
    print(f"{len(asked)} specs: " + ", ".join(f"{count} {kind}" for kind, count in counts.items() if count))


if __name__ == "__main__":
    main()
