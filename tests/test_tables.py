"""Tables: separators, ways of writing numbers, missing values, and columns that are inputs by their names."""

from __future__ import annotations

import codecs
import json
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet
from safetensors import safe_open

import nnspec
from nnspec.cli.main import main
from nnspec.reading.tables import open_table
from nnspec.reading.unreadable import Unreadable
from nnspec.recipe.data import Table
from nnspec.train.data.dataset import Frame
from nnspec.train.data.read import read
from tests.test_train_data import read_text

PEOPLE = """
model People(cities = 3) {
  input city: int[N]
  input age: float[N, 1]
  e = city -> Embedding(cities, 4)
  (e, age) -> Concat(dim = 1) -> Linear(8) -> ReLU
  output y = Linear(1)
}
train {
  data = table("people.csv", target = "y1")
  loss = mse(y, target)
  epochs = 2
}
"""
ROWS = [("Köln", 46, 5.5), ("Bonn", 38, 3.8), ("Ulm", 58, 6.1), ("Köln", 50, 5.8)] * 3


def column(cells: list[str], tmp_path: Path, separator: str = ",") -> np.ndarray | list[str]:
    quoted = [f'"{cell}"' for cell in cells]
    (tmp_path / "t.csv").write_text("\n".join(f"{cell}{separator}x" for cell in ["a", *quoted]), encoding="utf-8")
    return open_table(tmp_path / "t.csv").values("a")


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1", "-2.5", "3e2", "+.5"], [1, -2.5, 300, 0.5]),
        (["1,5", "2"], [1.5, 2]),
        (["1,234", "2,5"], [1.234, 2.5]),
        (["1,234.5", "1,234"], [1234.5, 1234]),
        (["1.234,5", "7"], [1234.5, 7]),
        (["1,234,567", "8"], [1234567, 8]),
        (["1 234", "56"], [1234, 56]),
        (["1\u202f234,5", "2"], [1234.5, 2]),
        (["1'234.5", "2"], [1234.5, 2]),
        (["12%", "3.5 %"], [0.12, 0.035]),
        (["\u22123", "4"], [-3, 4]),
        (["NA", "1"], [np.nan, 1]),
        (["", "n/a", "NaN", "null", "?", "-", "1"], [*[np.nan] * 6, 1]),
    ],
)
def test_numbers_are_read_as_people_write_them(cells: list[str], numbers: list[float], tmp_path: Path) -> None:
    np.testing.assert_allclose(column(cells, tmp_path), numbers)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["7", "1,234"], "a in row 3 is '1,234', which may be 1.234 or 1234"),
        (["1", "2", "abc"], "a in row 4 is 'abc', no finite number"),
        (["1", "2", "3_000"], "a in row 4 is '3_000'"),
        (["12%", "3"], "a in row 2 is '12%'"),
        (["1", "inf"], "a in row 3 is 'inf', no finite number"),
        (["1", "1e999"], "a in row 3 is '1e999', no finite number"),
        (["2024-01-31", "2024-02-01"], "a in row 2 is '2024-01-31', a date or a time"),
        (["31.01.2024", "1.2.2024"], "a date or a time"),
        (["1/31/24", "2/1/24"], "a date or a time"),
        (["12:30", "8:15"], "a date or a time"),
        (["$1,200", "$3"], "a in row 2 is '$1,200', an amount of money"),
        (["1,5", "2.5"], "written in another way"),
    ],
)
def test_numbers_that_can_be_mistaken_are_refused_with_row_and_column(
    cells: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(Unreadable) as caught:
        column(cells, tmp_path)
    assert message in caught.value.reason and caught.value.advice


def test_a_point_that_may_stand_between_thousands_is_refused_beside_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;b;c\n1,5;1.234;0.5\n2,5;2.000;1.25\n")
    table = open_table(tmp_path / "t.csv")
    assert list(table.values("a")) == [1.5, 2.5] and list(table.values("c")) == [0.5, 1.25]
    with pytest.raises(Unreadable, match=r"b in row 2 is '1\.234', and other columns have decimal commas"):
        table.values("b")


@pytest.mark.parametrize("cells", [["red", "blue"], ["yes", "no"], ["True", "False"], ["a1", "b2", "3c"], ["-", "+"]])
def test_texts_stay_texts(cells: list[str], tmp_path: Path) -> None:
    assert column(cells, tmp_path) == cells


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_separators_quotes_and_byte_order_marks_are_found(separator: str, mark: bytes, tmp_path: Path) -> None:
    text = (
        separator.join(['"size, in cm; or so"', "kind"]) + "\r\n" + separator.join(["1", '"a""b\n|;,\t"']) + "\r\n\r\n"
    )
    encoded = text.encode("utf-16-le" if mark == codecs.BOM_UTF16_LE else "utf-8")
    (tmp_path / "t.csv").write_bytes(mark + encoded)
    table = open_table(tmp_path / "t.csv")
    assert table.names == ("size, in cm; or so", "kind")
    assert table.texts("kind") == ['a"b\n|;,'] and table.values("size, in cm; or so").tolist() == [1]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,a\n1,2\n", "two columns are called a"),
        ("a,\n1,2\n", "column 2 has no name"),
        (",a\n0,2\n", "column 1 has no name"),
        ("5.1,3.5\n4.9,3.0\n", "its first row holds values (5.1, 3.5), not names"),
        ("5.1,setosa\n4.9,setosa\n", "its first row holds values"),
        ("a,b\n\n1,2\n1,2,3\n", "row 4 has 3 values, and there are 2 columns"),
        ('a,b\n1,"2\n3,4\n', "row 2 has quotes that do not match"),
        ("a,b\n", "at least one row"),
        ("", "it needs a line of different names"),
    ],
)
def test_a_file_that_is_no_table_is_refused(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(Unreadable) as caught:
        open_table(tmp_path / "t.csv")
    assert message in caught.value.reason


def test_bytes_that_are_no_text_are_told_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_bytes("a,b\n1,2\nKöln,3\n".encode("latin-1"))
    with pytest.raises(Unreadable, match="no text in UTF-8: byte 9, in line 3"):
        open_table(tmp_path / "t.csv")


MISSING = "a,b,kind\n1,2,yes\nNA,3,no\n3,4,yes\n5,,no\n"


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_missing_values_are_told_with_what_to_do_and_left_out_or_filled(ending: str, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text(MISSING)
    columns = {"a": [1, None, 3, 5], "b": [2, 3, 4, None], "kind": ["yes", "no", "yes", "no"]}
    parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    with pytest.raises(nnspec.SpecError) as caught:
        read_text(f'table("t.{ending}")', tmp_path)
    (found,) = caught.value.diagnostics
    row = "row 3" if ending == "csv" else "row 2"  # the names are row 1 of a text
    assert f"{row} has no value for a" in found.message
    assert 'missing = "drop"' in (found.help or "") and 'missing = "mean"' in (found.help or "")
    dropped = read_text(f'table("t.{ending}", missing = "drop")', tmp_path)
    assert dropped.fields["features"].tolist() == [[1, 2], [3, 4]] and "2 rows with missing" in dropped.notes[-1]
    filled = read_text(f'table("t.{ending}", missing = "mean")', tmp_path)
    assert filled.fields["features"].tolist() == [[1, 2], [3, 3], [3, 4], [5, 3]]
    assert filled.filled == {"a": 3.0, "b": 3.0} and len(filled.notes) == 2


def test_a_missing_label_is_never_filled(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,kind\n1,x\n2,NA\n3,y\n")
    with pytest.raises(nnspec.SpecError, match="row 3 has no value for kind"):
        read_text('table("t.csv", missing = "mean")', tmp_path)
    assert read_text('table("t.csv", missing = "drop")', tmp_path).fields["label"].tolist() == [0, 1]


def test_what_becomes_of_texts_is_said_and_columns_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("id,colour,kind\n" + "".join(f"u{i},{'rb'[i % 2]},x{i % 3}\n" for i in range(120)))
    with pytest.raises(nnspec.SpecError) as caught:
        read_text('table("t.csv")', tmp_path)
    assert 'without = ["id"]' in (caught.value.diagnostics[0].help or "")
    data = read_text('table("t.csv", without = ["id"])', tmp_path)
    assert data.columns == ("colour=b", "colour=r")
    assert data.notes == ("colour is texts, and becomes 2 features of 0 and 1: colour=b, colour=r",)
    with pytest.raises(nnspec.SpecError, match="it has no column idd"):
        read_text('table("t.csv", without = ["idd"])', tmp_path)


def people(folder: Path, separator: str = ",") -> None:
    lines = [separator.join(map(str, (index, *row))) for index, row in enumerate(ROWS)]
    (folder / "people.csv").write_text("\n".join([separator.join(["id", "city", "age", "y1"]), *lines]), "utf-8")
    (folder / "people.nn").write_text(PEOPLE)


def predict(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["predict", *arguments])


def test_columns_are_inputs_by_name_in_training_and_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    people(tmp_path)
    people_columns = dict(zip(("city", "age"), nnspec.loads(PEOPLE).program.main.input_types, strict=True))
    data = read(Table(path="people.csv", target="y1"), tmp_path, Frame(None, None, None), None, people_columns)
    assert data.notes == ("columns that are left out: id",)
    trained = nnspec.load("people.nn").train(runs="runs", quiet=True)
    with safe_open(trained.last_weights, "np") as file:
        metadata = {key: json.loads(value) for key, value in file.metadata().items()}
    assert metadata["nnspec.vocabularies"] == {"city": ["Bonn", "Köln", "Ulm"]}
    nnspec.load("people.nn").export_onnx("people.onnx", str(trained.last_weights))
    Path("new.csv").write_text("age;extra;city\n46;1;Köln\n38;2;Bonn\n", "utf-8")
    result = predict("people.onnx", "--input", "new.csv", "--output", "y.npz")
    assert result.exit_code == 0, result.output
    assert "the model does not use extra" in result.stderr
    np.savez("same.npz", city=np.array([1, 0]), age=np.array([[46.0], [38.0]], np.float32))
    assert predict("people.onnx", "--input", "same.npz", "--output", "z.npz").exit_code == 0
    with np.load("y.npz") as first, np.load("z.npz") as second:
        np.testing.assert_allclose(first["y"], second["y"], rtol=1e-6)
    Path("new.csv").write_text("age,city\n46,Rom\n", "utf-8")
    result = predict("people.onnx", "--input", "new.csv")
    assert result.exit_code == 1 and "row 2 has 'Rom' for city, which training has not seen" in result.stderr
    Path("new.csv").write_text("age,city\n,Ulm\n", "utf-8")
    result = predict("people.onnx", "--input", "new.csv")
    assert result.exit_code == 1 and "row 2 has no value for age" in result.stderr


def test_rows_that_a_column_holds_out_say_nothing_of_categories_and_means(tmp_path: Path) -> None:
    rows = ["train,red,1,a", "train,blue,3,b", "train,red,,a", "test,green,50,b", "validation,red,9,b"]
    (tmp_path / "t.csv").write_text("part,colour,size,kind\n" + "\n".join(rows) + "\n", "utf-8")
    choice = Table(path="t.csv", part="part", missing="mean", rare=1)
    data = read(choice, tmp_path, Frame(None, None, None), None)
    assert data.columns == ("colour=<unknown>", "colour=blue", "colour=red", "size") and data.filled == {"size": 2.0}
    with pytest.raises(nnspec.SpecError, match="row 5 has 'green' for colour, which training has not seen"):
        read(choice.model_copy(update={"rare": None}), tmp_path, Frame(None, None, None), None)


def test_a_column_of_texts_is_no_input_of_floats(tmp_path: Path) -> None:
    people(tmp_path)
    (tmp_path / "people.nn").write_text(PEOPLE.replace("city: int[N]", "city: float[N, 1]").replace(
        "city -> Embedding(cities, 4)", "city -> Linear(4)"))  # fmt: skip
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.load(tmp_path / "people.nn").train(runs=tmp_path, quiet=True)
    (found,) = caught.value.diagnostics
    assert "column city is not made of numbers (row 2)" in found.message and "int[N]" in (found.help or "")


def test_what_filled_gaps_in_training_fills_them_in_prediction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.csv").write_text("a,c,kind\n1,x,p\n,y,q\n3,,p\n5,x,q\n")
    Path("t.nn").write_text(
        "model T {\n  input features: float[N, 4]\n  output logits = Linear(2)\n}\n"
        'train {\n  data = table("t.csv", missing = "mean")\n  epochs = 1\n}\n'
    )
    trained = nnspec.load("t.nn").train(runs="runs", quiet=True)
    nnspec.load("t.nn").export_onnx("t.onnx", str(trained.last_weights))
    found = []
    for row in (",x", "3,x", "3,", "3,z"):
        Path("new.csv").write_text(f"a,c\n{row}\n")
        result = predict("t.onnx", "--input", "new.csv", "--output", "y.npy")
        assert result.exit_code == 0, result.output
        found.append(np.load("y.npy").tolist())
    assert found[0] == found[1] != found[2] != found[3]
    assert "row 2 has 'z' for c, which training has not seen" in result.stderr
