"""The language service: what it says of texts, whole and broken."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from nnspec.service.answers import Refused, applied
from nnspec.service.completion import complete
from nnspec.service.document import Document, Memory
from nnspec.service.fixes import fixes
from nnspec.service.hover import hover
from nnspec.service.names import Names
from nnspec.service.outline import folds, outline
from nnspec.service.preview import formatted, picture
from nnspec.service.remarks import remarks
from nnspec.service.shapes import inlays

SPECS = Path(__file__).parent.parent / "specs"
NET = """\
# A small network.
block Unit(width, stride = 1) {
  conv: Conv2d(width, 3, stride = stride, padding = 1) -> bn: BatchNorm2d -> ReLU
}

model Net(classes = 10) {
  input image: float[N, 3, 32, 32]
  stem: Unit(16)
  body: Unit(width = 32, stride = 2)
  pool: GlobalAvgPool2d -> Flatten
  output logits = head: Linear(classes)
}

train {
  data = digits
  loss = cross_entropy(logits, label)
}
"""


def at(text: str, words: str, further: int = 0) -> int:
    return text.index(words) + further


def shapes(text: str) -> dict[str, str]:
    """The shapes by the last word before them."""
    return {text[: each.offset].split()[-1]: each.text for each in inlays(Document(text))}


def labels(marked: str, path: Path | None = None) -> list[str]:
    """What could stand at the `|`."""
    return [each.label for each in complete(Document(marked.replace("|", "", 1), path), marked.index("|"))]


def mended(text: str) -> list[str]:
    """The text after each fix of its mistakes."""
    return [applied(text, fix.edits) for _, fix in fixes(Document(text), 0, len(text))]


def test_a_shape_stands_behind_every_step_and_in_a_block_the_first_and_the_last() -> None:
    found = shapes(NET)
    assert found["Unit(16)"] == "[N, 16, 32, 32]"
    assert found["Flatten"] == "[N, 32]"
    assert found["Linear(classes)"] == "[N, 10]"
    assert found["BatchNorm2d"] == "[N, 16, 32, 32] … [N, 32, 16, 16]"


def test_a_broken_text_has_shapes_up_to_the_break() -> None:
    found = shapes(NET.replace("pool: GlobalAvgPool2d ->", "pool: GlobalAvgPool2d(, ->"))
    assert found["2)"] == "[N, 32, 16, 16]"
    assert "Flatten" not in found
    assert found["BatchNorm2d"] == "[N, 16, 32, 32] … [N, 32, 16, 16]", "a block that is called before the break"


def test_a_broken_block_has_shapes_up_to_its_break_and_nothing_is_told_behind_its_call() -> None:
    found = shapes(NET.replace("-> ReLU\n", "-> ReLU( -> ReLU\n"))
    assert found["BatchNorm2d"] == "[N, 16, 32, 32] … [N, 32, 16, 16]"
    assert "Linear(classes)" not in found


def test_an_unclosed_model_has_shapes() -> None:
    assert shapes("model A {\n  input x: float[N, 4]\n  Linear(8)\n  Linear(")["Linear(8)"] == "[N, 8]"


def test_a_step_with_a_mistake_does_not_hide_the_shapes_before_it() -> None:
    text = NET.replace("Linear(classes)", "Linear(clases)")
    assert shapes(text)["Flatten"] == "[N, 32]"
    assert [text[each.start : each.end] for each in remarks(Document(text))] == ["clases"]


def test_mistakes_of_all_models_are_told_once_each_at_its_place() -> None:
    text = "block B { Linear(0) }\nmodel A { input x: float[N, 4]\n B }\nmodel C { input x: float[N, 4]\n B\n Lin(3) }"
    found = remarks(Document(text))
    assert [text[each.start : each.end] for each in found] == ["0", "Lin"]


def test_a_mistake_in_an_imported_file_stands_at_its_import(tmp_path: Path) -> None:
    (tmp_path / "part.nn").write_text("block B { Linear( }")
    text = 'import B from "part.nn"\nmodel A { input x: float[N, 4]\n B }'
    (found,) = remarks(Document(text, tmp_path / "main.nn"))
    assert text[found.start : found.end] == '"part.nn"'
    assert "part.nn:1" in found.text


def test_an_editor_s_text_of_another_file_counts_before_it_is_saved(tmp_path: Path) -> None:
    (tmp_path / "part.nn").write_text("block B { Linear( }")
    texts = {(tmp_path / "part.nn").resolve(): "block B { Linear(3) }"}
    assert not remarks(
        Document('import B from "part.nn"\nmodel A { input x: float[N, 4]\n B }', tmp_path / "main.nn", texts)
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("GlobalAvgPool2d", "GlobalAvgPol2d"),
        ("stride = 2", "strid = 2"),
        ("cross_entropy(", "cros_entropy("),
        ("padding = 1) -> bn", "padding = 1) bn"),
        ("Linear(classes)", "Linear(clases)"),
        ("(width, 3, stride", "(width 3, stride"),
        ("loss =", "los ="),
        ("Linear(classes)", "Linear(32, classes)"),
        ("-> ReLU", "-> -> ReLU"),
        ("Linear(classes)", "Linear(classes"),
    ],
)
def test_a_quick_fix_mends_what_it_is_offered_for(written: str, meant: str) -> None:
    assert NET.replace(written, meant, 1) != NET
    assert NET in mended(NET.replace(written, meant, 1))


def test_a_quick_fix_imports_a_block_that_nnspec_brings() -> None:
    text = "model A {\n  input x: float[N, 64, 8, 8]\n  Bottleneck(16)\n}\n"
    assert 'import Bottleneck from "zoo/resnet.nn"\n\n' + text in mended(text)


def test_hovering_tells_the_shape_the_arithmetic_and_the_page() -> None:
    document = Document(NET)
    found = hover(document, at(NET, "Conv2d", 2))
    assert found is not None
    assert "[N, 16, 32, 32]" in found.text and "parameters: 448 = " in found.text
    assert "multiply-accumulates (N = 1): 442,368" in found.text
    assert "Conv2d(out_channels, kernel_size" in found.text
    block = hover(document, at(NET, "Unit(16)", 1))
    assert block is not None and "block Unit(width, stride = 1)" in block.text and "parameters: 480" in block.text
    key = hover(document, at(NET, "loss"))
    assert key is not None and key.text.startswith("# loss")
    keyword = hover(document, at(NET, "output"))
    assert keyword is not None and "output" in keyword.text
    assert hover(document, at(NET, "small")) is None, "a comment"


def test_completion_knows_where_the_cursor_stands() -> None:
    body = "model A {\n  input x: float[N, 3, 8, 8]\n  "
    assert "Conv2d" in labels(body + "first: Conv|\n}")
    assert labels(body + "Conv2d(|)\n}")[:3] == ["out_channels", "kernel_size", "stride"]
    assert labels(body + "Conv2d(8, 3, pad|)\n}")[:2] == ["padding", "padding_mode"]
    assert labels(body + "Conv2d(8, 3, padding_mode = |)\n}")[:2] == ['"zeros"', '"reflect"']
    assert labels(NET.replace("Unit(16)", "Unit(|)"))[:2] == ["width", "stride"]
    assert "ResNet50" in labels("import Res|")
    assert labels('import ResNet50 from "zoo/resn|"') == ["zoo/resnet.nn"]
    assert "Stage" in labels('import | from "zoo/resnet.nn"')
    assert labels("|") == ["model", "block", "import", "train"]
    assert labels("model A { input x: |") == ["float", "int", "bool"]
    assert not labels(body + "# Conv|\n}")
    keys = labels(NET.replace("  data", "  |\n  data"))
    assert "optimizer" in keys and "loss" not in keys, "a key that is given already"
    assert labels(NET.replace("  data =", "  optimizer = Adam|\n  data ="))[:3] == ["Adam", "AdamW", "Adamax"]
    assert labels(NET.replace("  data =", "  optimizer = AdamW(|)\n  data ="))[0] == "lr"
    assert labels(NET.replace("(logits,", "(log|,"))[0] == "logits"


def test_behind_a_dot_stand_the_steps_weights_and_results_of_a_step() -> None:
    behind = lambda line: labels(NET.replace("  output logits", f"  {line}\n  output logits"))  # noqa: E731
    assert behind("x = body.|") == ["conv", "bn", "2"]
    assert behind("x = stem.conv.|") == ["weight", "bias"]
    assert behind("x = stem.b|") == ["bn"]
    text = "model A {\n  input x: float[T, N, 4]\n  lstm: LSTM(8)\n  lstm.|\n}\n"
    assert labels(text)[-3:] == ["output", "state", "cell"]
    assert labels(NET.replace("  data =", "  freeze = [stem.|]\n  data =")) == ["conv", "bn", "2"]
    assert "stem" in labels(NET.replace("  data =", "  freeze = [|]\n  data ="))
    assert labels(NET.replace("padding = 1)", "padding = 1.|)")) == [], "a number"


def test_the_fields_of_the_data_stand_in_a_loss() -> None:
    assert {"image", "label"} <= set(labels(NET.replace("label)", "|)")))


def test_completing_an_import_writes_the_file_too() -> None:
    text = "import ResNet5"
    (found,) = [each for each in complete(Document(text), len(text)) if each.label == "ResNet50"]
    assert [edit.text for edit in found.edits] == [' from "zoo/resnet.nn"']


def test_a_name_leads_to_where_it_is_given() -> None:
    names = Names(Document(NET))
    for use, given in [("Unit(16)", "Unit(width"), ("stride, padding", "stride = 1"), ("width = 32", "width, stride")]:
        target = names.definition(at(NET, use))
        assert target is not None and target.start == at(NET, given)
    output = names.definition(at(NET, "logits, label"))
    assert output is not None and output.start == at(NET, "logits = head")


def test_an_import_leads_into_the_zoo() -> None:
    text = 'import ResNet as Net from "zoo/resnet.nn"\nmodel A(classes = 3) = Net(classes = classes)'
    names = Names(Document(text))
    for word in ("ResNet", "Net(classes", '"zoo'):
        target = names.definition(at(text, word))
        assert target is not None and target.path is not None and target.path.name == "resnet.nn"
    target = names.definition(at(text, "classes = classes"))
    assert target is not None and target.text[target.start :].startswith("classes = 1000")


def test_references_are_those_of_one_body() -> None:
    names = Names(Document(NET))
    assert len(names.references(at(NET, "width, stride"))) == 3
    assert len(names.references(at(NET, "logits"))) == 2
    assert len(names.references(at(NET, "logits"), declaration=False)) == 1


def test_renaming_changes_every_place_and_nothing_else() -> None:
    names = Names(Document(NET))
    assert applied(NET, names.rename(at(NET, "width"), "channels")) == NET.replace("width", "channels")
    assert applied(NET, names.rename(at(NET, "Unit"), "Cell")) == NET.replace("Unit", "Cell")
    assert applied(NET, names.rename(at(NET, "logits"), "scores")) == NET.replace("logits", "scores")


@pytest.mark.parametrize("name", ["Conv2d", "stride", "output", "3d", "exp", "x"])
def test_a_name_that_is_taken_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        Names(Document(NET)).rename(at(NET, "width"), name)


def test_renaming_reaches_the_files_that_import_the_name(tmp_path: Path) -> None:
    (tmp_path / "main.nn").write_text(NET)
    other = 'import Unit from "main.nn"\nmodel A { input x: float[N, 3, 8, 8]\n Unit(width = 4) }'
    (tmp_path / "other.nn").write_text(other)
    names = Names(Document(NET, tmp_path / "main.nn"))
    edits = [edit for edit in names.rename(at(NET, "Unit"), "Cell") if edit.path is not None]
    assert applied(other, edits) == other.replace("import Unit", "import Cell as Unit")
    edits = [edit for edit in names.rename(at(NET, "width"), "channels") if edit.path is not None]
    assert applied(other, edits) == other.replace("width", "channels")


def test_an_imported_name_is_renamed_here_only() -> None:
    text = 'import LeNet5 from "zoo/lenet5.nn"\nmodel A = LeNet5\n'
    edits = Names(Document(text)).rename(at(text, "LeNet5"), "Old")
    assert applied(text, edits) == 'import LeNet5 as Old from "zoo/lenet5.nn"\nmodel A = Old\n'


def test_the_outline_holds_declarations_with_their_steps() -> None:
    block, model, train = outline(Document(NET))
    assert (block.name, block.kind, [each.name for each in block.children]) == ("Unit", "block", ["conv", "bn"])
    assert [each.name for each in model.children] == ["image", "stem", "body", "pool", "logits"]
    assert [each.name for each in train.children] == ["data", "loss"]


def test_bodies_comments_and_imports_fold() -> None:
    text = '# a\n# b\nimport LeNet5 from "zoo/lenet5.nn"\nimport VGG16 from "zoo/vgg.nn"\nmodel A {\n  input x: float[N, 4]\n}'
    assert [each.kind for each in folds(Document(text))] == ["comment", "imports", "region"]


def test_formatting_is_that_of_the_command() -> None:
    import nnspec

    document = Document(NET)
    assert applied(NET, formatted(document)) == nnspec.format(NET)
    assert not formatted(Document("model A {")), "a broken text stays as it is"


def test_the_picture_is_that_of_the_model_at_the_cursor() -> None:
    two = "model A { input x: float[N, 4]\n Linear(2) }\nmodel B { input x: float[N, 4]\n LSTM(2) }\n"
    assert "LSTM" in picture(Document(two), at(two, "LSTM")) and "LSTM" not in picture(Document(two))
    with pytest.raises(Refused, match="no model that is sound"):
        picture(Document("model A { Linear(3) }"))


def test_every_spec_of_the_zoo_has_names_and_folds() -> None:
    for path in sorted(SPECS.glob("*.nn"))[::12]:
        document = Document(path.read_text(), path)
        names = Names(document)
        assert outline(document) and folds(document) and names.occurrences
        assert all(names.definition(each.start) is not None for each in names.occurrences)


def test_a_declaration_that_is_not_closed_hides_no_other_one() -> None:
    text = "model A {\n  input x: float[N, 4]\n  Linear(3)\n\nmodel B {\n  input y: float[N, 4]\n  Linear(5)\n}\n"
    assert shapes(text) == {"Linear(3)": "[N, 3]", "Linear(5)": "[N, 5]"}
    (mistake,) = remarks(Document(text))
    assert "close the `{`" in mistake.text


def changed(text: str, draw: random.Random) -> str:
    """A text with a number, a line or a sign changed."""
    lines, numbers = text.split("\n"), list(re.finditer(r"\b\d+\b", text))
    at = draw.randrange(len(lines))
    match draw.randrange(4):
        case 0 if numbers:
            place = draw.choice(numbers)
            return f"{text[: place.start()]}{draw.choice((1, 2, 3, 8, 64))}{text[place.end() :]}"
        case 1:
            return "\n".join([*lines[:at], *lines[at + 1 :]])
        case 2:
            return "\n".join([*lines[:at], "# a remark", *lines[at:]])
    place = draw.randrange(len(text) + 1)
    return text[:place] + draw.choice(("(", "}", "{", "->", "x", "\nblock A {", '"')) + text[place:]


def said(document: Document) -> tuple[object, ...]:
    """All that is known of a text."""
    models = [(model.name, model.program.to_json()) for model in document.models]
    return [(each.start, each.end, each.text) for each in remarks(document)], list(document.steps.items()), models


def _edit(path: Path, count: int) -> None:
    """Change a spec, and compare all that is said of it with and without a memory of what it was before."""
    draw, memory, text = random.Random(path.name), Memory(), path.read_text()
    for number in range(count):
        assert said(Document(text, path, memory=memory)) == said(Document(text, path)), text
        text = changed(text if number % 3 else path.read_text(), draw)


@pytest.mark.parametrize("name", ["unet", "mixtral"])
def test_what_is_known_of_earlier_texts_changes_no_answer(name: str) -> None:
    _edit(SPECS / f"{name}.nn", 4)


@pytest.mark.slow
def test_what_is_known_of_earlier_texts_changes_no_answer_on_the_zoo() -> None:
    for path in sorted(SPECS.glob("*.nn"))[::6]:
        _edit(path, 6)


def test_a_file_of_blocks_alone_has_no_mistake_but_names_that_nothing_gives() -> None:
    assert not remarks(
        Document("block A(width) {\n  [N, T, D]\n  Linear(width) -> ReLU\n  Reshape([N, T, width])\n}\n")
    )
    text = "block A(width) {\n  Lienar(width) -> ReLU\n}\n"
    (found,) = remarks(Document(text))
    assert text[found.start : found.end] == "Lienar" and found.severity == "warning"
    assert text.replace("Lienar", "Linear") in mended(text)
