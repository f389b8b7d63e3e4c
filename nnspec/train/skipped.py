"""The damaged samples that a run went on without: their number is told at its end, and `skipped.txt` names them."""

from __future__ import annotations

from pathlib import Path

from nnspec.diagnostics.render import printable
from nnspec.train.folder import write
from nnspec.train.prepare import Prepared

SKIPPED = "skipped.txt"


def note_skipped(folder: Path, prepared: Prepared) -> str | None:
    """Name them in the folder of a run, a line each, with those of before it was gone on with; the line that tells.

    None where no sample was skipped.

    Raises:
        SpecError: the file cannot be written.
    """
    task, path = prepared.task, folder / SKIPPED
    if task.recipe.damaged != "skip":
        return None
    # a file's name may have what is no character
    own = "\n".join(map(printable, prepared.skipped)).encode("utf-8", "backslashreplace").decode()
    found = {place for each in task.strategy.gathered(own) for place in each.splitlines()}
    if not found:
        return None
    if task.strategy.leads:
        before = path.read_text(encoding="utf-8").splitlines() if path.is_file() else ()
        found |= {*before}
        write(path, "".join(f"{place}\n" for place in sorted(found)))
    many = "1 sample was" if len(found) == 1 else f"{len(found):,} samples were"
    return f"{many} skipped, being damaged: {SKIPPED} names them"
