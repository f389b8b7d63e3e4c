"""Files of earlier versions are read: programs and runs, as each version has written them, are kept here for good.

A version that writes another form adds a folder of its own to tests/old_files; what is there is never written anew.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import nnspec
from nnspec.diagnostics import SpecError

OLD = Path(__file__).parent / "old_files"
PROGRAMS = sorted(OLD.glob("*/programs/*.json"))
RUNS = sorted(OLD.glob("*/run"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_program_is_what_it_was(path: Path) -> None:
    model = nnspec.from_json(path.read_text(encoding="utf-8"))
    counts = json.loads((path.parents[1] / "counts.json").read_text())[path.stem]
    assert f"{counts['parameters']:,} parameters" in repr(model)
    module = model.to_torch()
    assert len(module.state_dict()) == counts["keys"]
    assert nnspec.from_json(model.to_json()).program == model.program


@pytest.mark.parametrize("path", RUNS, ids=lambda path: path.parent.name)
def test_a_run_is_judged_and_gone_on_with(path: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(path, tmp_path / "run")
    run = nnspec.Run.open(folder)
    judged = nnspec.evaluate(folder)
    assert run.best is not None
    assert judged.figures["accuracy"] == pytest.approx(run.best, abs=1e-6)
    further = nnspec.resume(folder, epochs=6, quiet=True)
    assert [row["epoch"] for row in further.history] == [1, 2, 3, 4, 5, 6]
    assert further.history[:4] == run.history


def test_a_program_of_a_later_version_is_refused() -> None:
    form = json.loads(PROGRAMS[0].read_text(encoding="utf-8")) | {"format": 2}
    with pytest.raises(SpecError, match=r"format: .*another version"):
        nnspec.from_json(json.dumps(form))
