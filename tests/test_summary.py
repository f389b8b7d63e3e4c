"""What `nnspec summary` and `Model.summary` say of networks."""

import json

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main

SMALL = """
model Small(classes = 3) {
  input image: float[N, 1, 8, 8]
  conv: Conv2d(4, 3, padding = 1) -> bn: BatchNorm2d -> ReLU
  Flatten
  output scores = head: Linear(classes)
}
"""


def rows(text: str, model: str | None = None, **options: object) -> list[tuple[str, int, object]]:
    """Title, parameters and multiply-accumulates of every row."""
    summary = nnspec.loads(text, model).summary(**options)
    return [(row.title, row.parameters, row.macs) for row in summary.rows]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(main, ["summary", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


def test_the_table_of_a_small_network():
    assert (
        str(nnspec.loads(SMALL).summary())
        == """\
Small(classes = 3)
  input image: float[N, 1, 8, 8]
  output scores: float[N, 3]

Layer                      Output        Parameters   MACs
──────────────────────────────────────────────────────────
├─ conv: Conv2d            [N, 4, 8, 8]          40  2,304
├─ bn: BatchNorm2d + ReLU  [N, 4, 8, 8]           8      0
├─ 3: Flatten              [N, 256]               0      0
└─ head: Linear            [N, 3]               771    768
──────────────────────────────────────────────────────────
Trainable parameters  819
Frozen parameters     0
Buffers               9
Model size            3.2 KiB
Multiply-accumulates  3,072 (N = 1), of convolutions and matrix products
Activation memory     3.0 KiB (N = 1), the outputs of all layers, without views"""
    )


def test_the_rows_of_the_keras_introduction():
    summary = nnspec.load("zoo/mnist_convnet.nn").summary()
    assert [row.parameters for row in summary.rows] == [320, 0, 18_496, 0, 0, 0, 16_010]
    assert summary.parameters == summary.trainable == 34_826
    assert summary.model_bytes == 4 * 34_826


def test_totals_agree_with_the_sizes_that_are_written_out_by_hand():
    summary = nnspec.loads(SMALL).summary(batch=5)
    # 1*9*4 + 4, 4 + 4, 4*64*3 + 3; running mean and variance of 4 channels, and the count of batches as 8 bytes
    assert (summary.trainable, summary.frozen, summary.buffers) == (40 + 8 + 771, 0, 9)
    assert summary.model_bytes == 4 * (40 + 8 + 771 + 8) + 8
    assert summary.macs == 4 * 64 * 9 + 256 * 3
    assert summary.activation_bytes == 5 * 4 * (3 * 256 + 3)  # Flatten gives a view


def test_a_labelled_repeat_is_one_row_with_the_parameters_of_all_its_applications():
    text = """
    block Step(width) { [N, C]
      Linear(width) -> ReLU }
    model Stack { input x: float[N, 8]
      h: 12 x Step(8) }
    """
    assert rows(text) == [("h: 12 x Step", 12 * 72, 12 * 64), ("0: Linear + ReLU", 72, 64)]
    assert rows(text, depth=1) == [("h: 12 x Step", 12 * 72, 12 * 64)]


def test_a_module_that_is_applied_again_has_no_parameters_of_its_own():
    text = """
    block Tower(width) { [N, C]
      Linear(width) }
    model Siamese { input left: float[N, 8]
      input right: float[N, 8]
      a = left -> tower: Tower(4)
      b = right -> tower
      output distance = a - b }
    """
    assert rows(text) == [
        ("a = tower: Tower", 36, 32),
        ("0: Linear", 36, 32),
        ("b = tower: Tower (reused)", 0, 32),
        ("Subtract", 0, 0),
    ]
    assert nnspec.loads(text).summary().parameters == 36


def test_a_tied_weight_is_counted_where_it_belongs_and_named_where_it_is_used():
    text = """
    model Tied { input tokens: int[N, T <= 16]
      tokens -> wte: Embedding(100, 8) -> head: Linear(100, bias = false, weight = wte.weight) }
    """
    found = rows(text)
    assert [(title, parameters) for title, parameters, _ in found] == [
        ("wte: Embedding", 800),
        ("head: Linear (weight is wte.weight)", 0),
    ]
    assert str(found[1][2]) == "800*T"
    assert nnspec.loads(text).summary().parameters == 800


def test_a_module_with_the_same_inside_is_written_out_once():
    text = """
    block Unit { [N, C]
      Linear(C) }
    model Twice { input x: float[N, 4]
      first: Unit -> Tanh -> second: Unit }
    """
    assert [title for title, _, _ in rows(text)] == [
        "first: Unit",
        "0: Linear",
        "1: Tanh",
        "second: Unit (inside as in first)",
    ]


def test_nested_calls_of_one_block_do_not_multiply_the_rows():
    text = """
    block Tree(depth) { [N, C]
      if depth > 0 { Tree(depth - 1) -> Tree(depth - 1) } else { Linear(C) } }
    model Forest { input x: float[N, 4]
      Tree(40) }
    """
    summary = nnspec.loads(text).summary()
    assert len(summary.rows) < 100
    assert summary.parameters == 20 * 2**40


def test_an_activation_keeps_its_row_where_it_has_a_name_or_its_input_is_used_again():
    text = """
    model Kept { input x: float[N, 4]
      a: Linear(4) -> relu: ReLU
      b: Linear(4)
      -> Sigmoid
      _ * b }
    """
    assert [title for title, _, _ in rows(text)] == ["a: Linear", "relu: ReLU", "b: Linear", "3: Sigmoid", "Multiply"]


def test_what_is_for_training_only_is_marked_and_its_parameters_count():
    text = """
    model Helped { input x: float[N, 4]
      body: Linear(4)
      training { aux: Linear(2)
        output helper = _ }
      output y = body }
    """
    summary = nnspec.loads(text).summary()
    assert [row.title for row in summary.rows] == ["body: Linear", "aux: Linear (training only)"]
    assert (summary.parameters, summary.macs) == (20 + 10, 16)


@pytest.mark.parametrize("count", [10, 1_000_000])
def test_a_stack_costs_the_same_however_deep_it_is(count):
    text = f"model Deep {{ input x: float[N, 64]\n {count} x {{ Linear(64) -> ReLU }} }}"
    summary = nnspec.loads(text).summary()
    assert len(summary.rows) == 2
    assert summary.parameters == count * (64 * 64 + 64)
    assert summary.activation_bytes == count * 2 * 64 * 4


def test_sizes_that_are_open_are_printed_as_expressions():
    text = "model Open { input image: float[N, 3, H, W]\n Conv2d(8, 3, stride = 2, padding = 1) }"
    summary = nnspec.loads(text).summary()
    assert str(summary.rows[0].outputs[0]) == "[N, 8, (H + 1)//2, (W + 1)//2]"
    assert str(summary.macs) == "216*((H + 1)//2)*((W + 1)//2)"
    bound = nnspec.loads(text, inputs={"image": (2, 3, 8, 8)}).summary()
    assert (bound.macs, bound.batch_symbol, bound.batch) == (2 * 216 * 16, None, None)


def test_forty_strided_convolutions_of_an_open_height_stay_small():
    text = "model Narrow { input x: float[N, 1, H, 8]\n 40 x Conv2d(1, 3, stride = [2, 1], padding = 1) }"
    summary = nnspec.loads(text).summary()
    assert str(summary.outputs["output"]) == f"[N, 1, (H + {2**40 - 1})//{2**40}, 8]"


def test_json_has_every_number(tmp_path):
    path = tmp_path / "small.nn"
    path.write_text(SMALL)
    code, out, _ = run(str(path), "--json", "--batch", "2", "--set", "classes=5", "--depth", "1")
    form = json.loads(out)
    assert code == 0
    assert form["arguments"] == {"classes": 5}
    assert form["outputs"] == {"scores": {"dtype": "float", "shape": ["N", 5]}}
    assert form["rows"][1] == {
        "path": "bn",
        "kind": "BatchNorm2d + ReLU",
        "count": 1,
        "depth": 1,
        "inputs": [{"dtype": "float", "shape": ["N", 4, 8, 8]}],
        "outputs": [{"dtype": "float", "shape": ["N", 4, 8, 8]}],
        "kernel": [],
        "stride": [],
        "field": [3, 3],
        "parameters": 8,
        "trainable": 8,
        "buffers": 9,
        "macs": 0,
        "value": "",
        "sources": [],
        "notes": [],
    }
    assert (form["trainable"], form["frozen"], form["buffers"]) == (40 + 8 + 257 * 5, 0, 9)
    assert form["macs_for"] == {"N": 1}
    assert form["activation_bytes_for"] == {"N": 2}


def test_input_binds_the_symbols_of_a_shape(tmp_path):
    path = tmp_path / "small.nn"
    path.write_text(SMALL)
    code, out, _ = run(str(path), "--input", "image=7x1x8x8")
    assert code == 0
    assert "Multiply-accumulates  21,504, of convolutions" in out
    assert "N = " not in out


def test_a_batch_for_a_model_without_an_open_batch_is_a_diagnostic(tmp_path):
    path = tmp_path / "fixed.nn"
    path.write_text("model Fixed { input x: float[2, 4]\n Linear(3) }")
    code, _, err = run(str(path), "--batch", "8")
    assert code == 1
    assert "error[E0219]: Fixed has no batch to set" in err


def test_wrong_usage_ends_with_2(tmp_path):
    path = tmp_path / "small.nn"
    path.write_text(SMALL)
    assert run(str(path), "--depth", "0")[0] == 2
    assert run(str(path), "--batch", "x")[0] == 2


def test_a_narrow_table_cuts_nothing_and_goes_on_below():
    lines = nnspec.loads(SMALL).summary().table(width=56).splitlines()[4:11]
    assert max(map(len, lines)) == 56
    assert lines[3:5] == ["├─ bn: BatchNorm2d +     [N, 4, 8, 8]           8      0", "│  ReLU"]
    wide, narrow = (nnspec.load("unet").summary().table(width) for width in (None, 80))
    assert max(len(line) for line in narrow.splitlines()[4:-7]) == 80
    words = [sorted("".join(text.split()).replace("│", "").replace("─", "")) for text in (wide, narrow)]
    assert words[0] == words[1]


def test_the_table_shows_where_a_step_has_its_input_from_unless_it_is_the_line_above():
    text = """
    block Up: x, encoded { (x, encoded) -> Concat -> conv: Conv2d(4, 3, padding = 1) }
    model M {
      input image: float[N, 4, 8, 8]
      first: Conv2d(4, 3, padding = 1) -> second: Conv2d(4, 3, padding = 1)
      wide = first -> Conv2d(4, 1)
      (second, first) -> up: Up
      output result = up + wide
    }"""
    right = nnspec.loads(text).summary()
    titles = [(row.title, row.sources) for row in right.rows]
    assert titles == [
        ("first: Conv2d", ()),
        ("second: Conv2d", ()),
        ("wide = 2: Conv2d", ("first",)),
        ("up: Up", ("second", "first")),
        ("0: Concat", ()),
        ("conv: Conv2d", ()),
        ("Add", ("up", "wide")),
    ]
    assert "├─ up: Up  ← second, first" in str(right)
    wrong = nnspec.loads(text.replace("wide = first ->", "wide = second ->")).summary()
    assert str(wrong) != str(right) and wrong.parameters == right.parameters


def test_the_notebook_gets_a_table_in_which_every_text_is_escaped():
    text = 'model Odd(name = "<script>") { input x: float[N, 4]\n h: Linear(2) }'
    page = nnspec.loads(text).summary()._repr_html_()
    assert page.startswith("<table>")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert '<td style="text-align: right">10</td>' in page


def test_the_notebook_shows_the_wiring():
    text = "model M { input x: float[N, 4]\n a: Linear(4)\n b: Linear(4)\n output y = a + b }"
    assert (
        '<td style="text-align: left; padding-left: 0.5em">Add  ← a, b</td>'
        in nnspec.loads(text).summary()._repr_html_()
    )


def test_turns_of_a_loop_that_make_the_same_are_one_row_and_others_show_in_what_they_differ():
    summary = nnspec.loads("""
    block Unit(width, p = 0.0) { [N, D]; residual { Linear(width) -> ReLU -> Dropout(p) -> Linear(D) } }
    model M {
      input x: float[N, 8]
      for i in 0..5 { "layers.{i}.unit": Unit(16) }
      for i in 0..2 { "drops.{i}": Unit(16, p = 0.1 * (i + 1)) }
      for i in 0..3 { _ -> Linear(8) -> ReLU }
      shared: Linear(8)
      for i in 0..1 { _ -> shared }
    }
    """).summary(depth=1)
    rows = {row.title: row for row in summary.rows}
    assert list(rows) == [
        "layers.0..5.unit: 6 x Unit",
        "drops.0: Unit (p = 0.1)",
        "drops.1: Unit (p = 0.2)",
        "drops.2: Unit (p = 0.3)",
        "9, 11, ..., 15: 4 x Linear + ReLU",
        "shared: Linear",
        "shared: Linear (reused)",
    ]
    assert rows["layers.0..5.unit: 6 x Unit"].parameters == 6 * (8 * 16 + 16 + 16 * 8 + 8)
    assert rows["9, 11, ..., 15: 4 x Linear + ReLU"].macs == 4 * 64
    assert sum(row.parameters for row in rows.values()) == summary.trainable
