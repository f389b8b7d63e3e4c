"""`nnspec draw`: pictures in which nothing overlaps and nothing is cut, whatever the model."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.picture.build import Scenes, View
from nnspec.picture.font import text_width
from nnspec.picture.picture import Picture
from nnspec.picture.scene import Level
from nnspec.zoo import entries, families
from tests.reference.drawing import Drawing

SOME = ["lenet5", "resnet152", "inception_v4", "unet", "gpt3", "transformer", "ddpm", "yolov8", "t5", "wavenet"]

BRANCHES = """
model Branches {
  input x: float[N, 8]
  concat { Linear(3); Linear(4) -> ReLU; { Linear(5) -> Linear(6) } }
  output y = 4 x residual { Linear(13) -> ReLU }
}
"""


def drawn(name: str, **options: object) -> Drawing:
    return Drawing(nnspec.load(name).draw(**options).svg())


def run(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["draw", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("name", SOME)
def test_nothing_overlaps_is_crossed_or_cut(name):
    assert list(drawn(name).faults()) == []


@pytest.mark.slow
@pytest.mark.parametrize("family", [each.name for each in families()])
def test_nothing_overlaps_is_crossed_or_cut_in_any_model_of_the_zoo(family):
    name = next(entries(next(each for each in families() if each.name == family))).model
    for depth in (None, 1, 3):
        assert list(drawn(name, depth=depth).faults()) == [], depth


def test_the_checks_find_faults():
    whole = nnspec.load("lenet5").draw().svg()
    moved = re.sub(r'(<rect class="plate[^"]*" x="[^"]*" y=")[^"]*', r"\g<1>60", whole)
    assert any("overlap" in fault for fault in Drawing(moved).faults())
    longer = re.sub(r'textLength="[^"]*"', 'textLength="300"', whole)
    assert any("is cut" in fault for fault in Drawing(longer).faults())


def boxes(level: Level) -> int:
    return sum(1 + (boxes(box.inside) if box.inside else 0) for box in level.boxes)


def test_repeats_are_one_box_so_that_gpt3_is_drawn_like_gpt2():
    two, three = (nnspec.load(name).draw() for name in ("gpt2", "gpt3"))
    (small,), (large,) = two.levels, three.levels
    assert boxes(small[1]) == boxes(large[1])
    assert "× 96" in three.svg()


LOOP = """
block Layer: x, places { x + places -> Linear(4) }
model Loop {
  input places: float[N, 4]
  input x: float[N, 4]
  for i in 1..6 { (_, places) -> "layers.{i}": Layer }
  for i in 1..3 { Linear(4) -> ReLU }
  output y = for_all: Linear(4)
}
"""


def test_turns_of_a_loop_that_do_the_same_are_one_box():
    ((_, level),) = nnspec.loads(LOOP).draw(open=["layers.4"]).levels
    layer, stack = level.boxes[2:4]
    assert layer.strips[0].label == "layers.1..6"
    assert layer.strips[0].times == "× 6"
    assert layer.strips[0].parameters == 6 * 20
    assert layer.inside is not None, "whichever of the turns is named"
    assert [strip.times for strip in stack.strips] == ["× 3", "× 3"]
    assert len(level.boxes) == 6


def test_branches_stand_side_by_side_and_a_skip_is_a_lane():
    picture = nnspec.loads(BRANCHES).draw()
    assert list(Drawing(picture.svg()).faults()) == []
    sheet = picture.figure.parts[0].sheet
    heights = {plate.y + plate.height / 2 for plate in sheet.plates if plate.box.strips[0].about in ("3", "4")}
    assert len(heights) == 1
    (repeat,) = (plate.inside for plate in sheet.plates if plate.box.repeated)
    skip = max(zip(repeat.level.wires, repeat.routes, strict=True), key=lambda pair: len(pair[1]))[1]
    assert skip[-2][1] == skip[-1][1], "it reaches the sum at its side"


def test_skips_that_nest_make_a_u():
    sheet = nnspec.load("unet").draw().figure.parts[0].sheet
    places = {plate.box.strips[0].label or plate.box.strips[0].name: plate for plate in sheet.plates}
    assert places["up4"].y < places["up1"].y, "the right arm goes up"
    assert places["up1"].x > places["down4"].x
    level = {places[name].y + places[name].height / 2 for name in ("down3", "up1")} if not places["up1"].inside else {0}
    assert len(level) == 1


def test_a_value_that_many_steps_take_is_told_by_name():
    picture = nnspec.load("ddpm").draw(depth=1)
    assert picture.svg().count('data-kind="tap"') > 10


def test_the_same_model_is_the_same_picture():
    assert nnspec.load("googlenet").draw().svg() == nnspec.load("googlenet").draw().svg()


def test_an_open_block_shows_its_inside_and_those_around_it():
    one = nnspec.load("transformer").draw(depth=1)
    assert "MultiheadAttention" not in one.svg()
    opened = nnspec.load("transformer").draw(depth=1, open=["transformer.encoder.layers.3"])
    assert "MultiheadAttention" in opened.svg()
    assert "× 6" in opened.svg()


def test_what_decides_among_experts_ends_at_their_block():
    picture = nnspec.load("examples/mixture_digits.nn").draw()
    assert list(Drawing(picture.svg()).faults()) == []
    assert re.search(r">\d+ of \d+<", picture.svg())
    assert picture.dot()
    assert picture.mermaid()


def test_a_tied_weight_is_counted_once():
    scenes = Scenes(View(nnspec.load("gpt2").program, frozenset()))
    strips = [strip for box in scenes.whole().boxes for strip in box.strips]
    assert sum(strip.parameters for strip in strips) == 124_439_808


def test_models_that_are_trained_together_are_drawn_side_by_side():
    drawing = run("examples/cyclegan_digits.nn")
    assert ">Translator<" in drawing
    assert ">Critic<" in drawing
    assert list(Drawing(drawing).faults()) == []
    assert ">Critic<" not in run("examples/cyclegan_digits.nn", "--model", "Translator")


def test_a_picture_says_what_it_shows_to_those_who_do_not_see_it():
    drawing = run("lenet5")
    assert 'role="img" aria-labelledby="title description"' in drawing
    assert "It takes image float" not in drawing
    assert re.search(
        r"<desc[^>]*>LeNet5, 61,706 parameters .*It takes image \[N, 1, 32, 32\]\. Steps: .*</desc>", drawing
    )
    assert "prefers-color-scheme:dark" in drawing


@pytest.mark.parametrize("form", ["svg", "dot", "mmd", "html"])
def test_a_file_has_the_form_that_its_name_says(form, tmp_path):
    path = tmp_path / f"net.{form}"
    run("unet", "-o", str(path))
    text = path.read_text(encoding="utf-8")
    start = {"svg": "<svg", "dot": "digraph network {", "mmd": "flowchart TB", "html": "<!DOCTYPE html>"}[form]
    assert text.startswith(start)
    assert "ConvTranspose2d" in text


def test_a_png_is_as_large_as_the_picture(tmp_path):
    pytest.importorskip("resvg_py", reason="resvg draws a PNG")
    picture = nnspec.load("lenet5").draw(tmp_path / "net.png")
    head = (tmp_path / "net.png").read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    assert abs(int.from_bytes(head[16:20], "big") - 2 * picture.figure.width) <= 2


def test_graphs_name_each_end_of_an_edge():
    picture = nnspec.load("transformer").draw()
    for text, arrow, node in (
        (picture.dot(), "->", r"^\s+(n[\d_]+) \["),
        (picture.mermaid(), "-->", r"^\s+(n[\d_]+)[(\[]"),
    ):
        nodes = set(re.findall(node, text, re.MULTILINE))
        edges = [line.split() for line in text.splitlines() if f" {arrow} " in line or f" {arrow}|" in line]
        assert edges
        for edge in edges:
            assert edge[0] in nodes
            assert re.search(r"(n[\d_]+)(?: \[label=.*)?$", " ".join(edge))[1] in nodes  # type: ignore[index]


def test_a_page_holds_its_levels_texts_and_source_and_asks_for_nothing():
    text = nnspec.load("resnet50").draw().html()
    assert set(re.findall(r"(?:https?:)?//[\w.]+", text)) <= {"http://www.w3.org", "//2"} | set(
        re.findall(r"//\d+", text)
    )
    assert "default-src 'none'" in text
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])  # type: ignore[index]
    (network,) = data["networks"]
    root = network["levels"][network["root"]]
    conv = root["boxes"][1]["strips"][0]
    assert conv["path"] == "conv1"
    assert any(reason.startswith("parameters: 9,408 = ") for reason in conv["why"])
    assert "layer1" in network["open"]
    file, start, end = network["levels"]["Bottleneck"]["place"]
    assert network["texts"][file][start:end].count("residual {") == 1
    first, last = network["levels"]["Stage"]["lines"]
    assert network["python"].splitlines()[first - 1].startswith("class ")
    assert last > first


def test_the_widths_of_texts_are_those_of_helvetica():
    assert text_width("Conv2d", 10) == pytest.approx((722 + 556 + 556 + 500 + 556 + 556) / 100)
    assert text_width("Conv2d", 10, bold=True) > text_width("Conv2d", 10)
    assert text_width("漢", 10) == 10


def test_a_notebook_shows_the_picture():
    assert "data:image/svg+xml" in nnspec.load("lenet5").draw()._repr_html_()
    assert isinstance(nnspec.load("lenet5").draw(), Picture)
