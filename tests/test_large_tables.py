"""Large tables and labelled texts: written to files some rows at a time, they are what they are in memory, to the bit."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.diagnostics import SpecError
from nnspec.recipe.data import Table, Texts
from nnspec.train.data.dataset import DataSet
from nnspec.train.data.mapped import Mapped
from nnspec.train.data.samples import fingerprint
from nnspec.train.data.table import read_table
from nnspec.train.data.texts import read_texts

ROWS = 200
SPEC = """
model Small {
  input features: float[N, 5]
  output logits = Linear(3)
}
train {
  data    = table("rows.csv", label = "kind", without = ["note", "of"], missing = "median", part = "of")
  loss    = cross_entropy(logits, label)
  batch   = 16
  epochs  = 2
}
"""


def cells() -> dict[str, list[Any]]:
    draws = np.random.default_rng(0)
    return {
        "width": [None if n % 17 == 3 else round(float(x), 3) for n, x in enumerate(draws.normal(size=ROWS))],
        "height": [int(x) for x in draws.integers(0, 9, ROWS)],
        "colour": [["red", "blue", "green"][x] for x in draws.integers(0, 3, ROWS)],
        "note": [f'number {n}, "so"\nand on' for n in range(ROWS)],
        "of": [["train", "val", "train", "test"][n % 4] for n in range(ROWS)],
        "kind": [["a", "b", "c"][x] for x in draws.integers(0, 3, ROWS)],
    }


def write(path: Path, columns: dict[str, list[Any]]) -> Path:
    if path.suffix == ".parquet":
        arrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
        parquet.write_table(arrow.table(columns), path, row_group_size=23)
        return path
    if path.suffix == ".jsonl":
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        path.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
        return path
    quoted = [
        [
            '"' + each.replace('"', '""') + '"' if isinstance(each, str) else "" if each is None else str(each)
            for each in row
        ]
        for row in zip(*columns.values(), strict=True)
    ]
    path.write_text("\n".join(map(",".join, [list(columns), *quoted])))
    return path


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes all tables large ones, which are read a few rows at a time."""

    def make() -> None:
        monkeypatch.setattr("nnspec.train.data.spool.LARGE", -1)
        monkeypatch.setattr("nnspec.reading.csv_table.AT_ONCE", 7)
        monkeypatch.setattr("nnspec.reading.json_lines.AT_ONCE", 7)
        monkeypatch.setattr("nnspec.reading.parquet.FEW", 7)
        for module in ("nnspec.reading.many_texts", "nnspec.train.data.rows", "nnspec.train.data.texts"):
            monkeypatch.setattr(f"{module}.AT_ONCE", 7)

    return make


def assert_alike(held: DataSet, mapped: DataSet) -> None:
    assert isinstance(mapped.samples, Mapped) and not isinstance(held.samples, Mapped)
    assert held.fields.keys() == mapped.fields.keys()
    for name, tensor in held.fields.items():
        assert torch.equal(tensor, mapped.fields[name]), name
    facts = ("classes", "vocabularies", "held_out", "tested", "columns", "filled", "texts", "notes")
    assert {name: getattr(held, name) for name in facts} == {name: getattr(mapped, name) for name in facts}
    assert [held.samples.place(index) for index in (0, 5, len(held) - 1)] == [
        mapped.samples.place(index) for index in (0, 5, len(held) - 1)
    ]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize(
    "rules",
    [
        {"missing": "median", "part": "of", "without": ("note",)},
        {"missing": "drop", "without": ("note", "of"), "target": "height", "label": "kind"},
        {"missing": 0.5, "without": ("note", "of"), "rare": 60},
    ],
)
def test_a_large_table_is_the_one_in_memory(ending: str, rules: dict[str, Any], tmp_path: Path, large: Any) -> None:
    path = write(tmp_path / f"rows.{ending}", cells())
    choice = Table(path=path.name, **rules)
    held = read_table(path, choice, {}, None)
    large()
    assert_alike(held, read_table(path, choice, {}, None))


def test_several_large_files_are_one_table(tmp_path: Path, large: Any) -> None:
    columns = cells()
    for number, rows in enumerate((slice(0, 90), slice(90, 200))):
        write(tmp_path / f"part-{number}.csv", {name: column[rows] for name, column in columns.items()})
    choice = Table(path="part-*.csv", missing="mean", without=("note", "of"))
    held = read_table(tmp_path / "part-*.csv", choice, {}, None)
    large()
    assert_alike(held, read_table(tmp_path / "part-*.csv", choice, {}, None))


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (["1,5", "2,25"], "is read with decimal commas"),
        (["5%", "7 %"], "is read with percents, as parts of 1"),
        (["1,234", "2,345"], "which may be 1.234 or 1234"),
        (["1", "2", "3", "x"], "no finite number, as most values there are"),
    ],
)
def test_numbers_of_a_large_table_are_read_as_people_write_them(
    column: list[str], told: str, tmp_path: Path, large: Any
) -> None:
    path = write(tmp_path / "rows.csv", {"x": (column * 40)[:60], "label": ["a", "b"] * 30})
    found = []
    for _ in range(2):
        try:
            data = read_table(path, Table(path=path.name), {}, None)
            found.append((data.notes, data.fields["features"].tolist()))
        except SpecError as error:
            found.append(str(error))
        large()
    assert found[0] == found[1] and told in str(found[0])


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("unit", ["word", "character"])
def test_large_labelled_texts_are_those_in_memory(ending: str, unit: str, tmp_path: Path, large: Any) -> None:
    path = write(tmp_path / f"rows.{ending}", cells())
    choice = Texts(path=path.name, text="note", label="kind", part="of", unit=unit, length=15, vocabulary=40)
    held = read_texts(tmp_path, choice, None)
    large()
    assert_alike(held, read_texts(tmp_path, choice, None))


def test_a_large_table_trains_to_the_same_bits_whatever_memory_it_has_and_goes_on(tmp_path: Path, large: Any) -> None:
    write(tmp_path / "rows.csv", cells())
    (tmp_path / "small.nn").write_text(SPEC)

    def weights(**given: Any) -> dict[str, torch.Tensor]:
        return load_file(nnspec.load(tmp_path / "small.nn").train(runs=tmp_path, quiet=True, **given).last_weights)

    wanted = weights()
    large()
    for memory in ("0", "1GB"):
        assert all(torch.equal(wanted[name], tensor) for name, tensor in weights(memory=memory).items())
    one = nnspec.load(tmp_path / "small.nn").train(runs=tmp_path, quiet=True, memory="0", epochs=1)
    more = nnspec.resume(one.folder, quiet=True, memory="1GB", epochs=2)
    assert all(torch.equal(wanted[name], tensor) for name, tensor in load_file(more.last_weights).items())
    gc.collect()
    assert not list((tmp_path / ".spooled").iterdir())


def test_a_large_table_is_told_from_another_one(tmp_path: Path, large: Any) -> None:
    large()
    columns = cells()
    path = write(tmp_path / "rows.csv", columns)
    choice = Table(path=path.name, missing="mean", without=("note", "of"))
    before = fingerprint(read_table(path, choice, {}, None).samples)
    assert fingerprint(read_table(path, choice, {}, None).samples) == before
    columns["height"][7] += 1
    write(path, columns)
    assert fingerprint(read_table(path, choice, {}, None).samples) != before
