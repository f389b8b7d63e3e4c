"""The page of a network: what it is told of the network, and that the page in a browser says what `nnspec predict` says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

import nnspec
from nnspec.infer.vocabulary import Counted, SurroundedTokens, Tokens
from nnspec.page.onnxruntime_web import FILES
from nnspec.page.tokenizer import NotFollowed, steps
from tests.reference.chromium import BROWSER, NONE, Watched, launched, served

DIGITS = """
model Digits {
  input image: float[N, 1, 16, 16]
  first: Conv2d(4, 3) -> norm: BatchNorm2d -> relu -> MaxPool2d(2)
  Flatten
  output logits = head: Linear(10)
}
train {
  data = digits
  epochs = 1
  batch = 64
}
"""
SPIRALS = """
model Spirals {
  input features: float[N, 2]
  hidden: Linear(6) -> Tanh
  output logits = Linear(3)
}
train {
  data = spirals(samples = 90, arms = 3)
  epochs = 1
}
"""
REVIEWS = """
model Reviews {
  input tokens: int[N, T]
  input lengths: int[N]
  x = tokens -> embed: Embedding(11, 4)
  (x, lengths = lengths) -> rnn: GRU(5, batch_first = true)
  Select(dim = 1, index = -1)
  output logits = Linear(2)
}
train {
  data = texts("reviews.csv", text = "review", label = "label")
  epochs = 1
  batch = 2
}
"""
WORDS = "review,label\na good film,yes\na dull film,no\na good good plot,yes\ndull,no\ngood film,yes\na dull plot,no\n"


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    (folder / "reviews.csv").write_text(WORDS)
    for text in (DIGITS, SPIRALS, REVIEWS):
        name = text.split()[1].lower()
        (folder / f"{name}.nn").write_text(text)
        nnspec.load(folder / f"{name}.nn").train(runs=folder, name=name, quiet=True)
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    """A folder with files under the names of onnxruntime-web's."""
    folder = tmp_path_factory.mktemp("onnxruntime-web")
    for name in FILES:
        (folder / name).write_text(name)
    return folder


def page(runs: Path, name: str, runtime: Path, folder: Path) -> Path:
    run = runs / name
    nnspec.opening.model_of_run(run).page(folder / name, run=run, onnxruntime_web=runtime, samples=5)
    return folder / name


def told(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "network.json").read_text(encoding="utf-8"))


def test_a_page_of_pictures_has_samples_in_the_size_of_the_data(runs, package, tmp_path):
    folder = page(runs, "digits", package, tmp_path)
    (image,) = told(folder)["inputs"]
    assert (image["kind"], image["channels"], image["height"], image["width"]) == ("picture", 1, 16, 16)
    assert image["own"] == [8, 8]
    assert image["bright"] is False
    assert len(image["samples"]) == 5
    assert image["samples"][0]["png"].startswith("data:image/png;base64,")
    assert image["samples"][0]["label"] in "0123456789"
    assert sorted(path.name for path in (folder / "onnxruntime-web").iterdir()) == sorted(FILES)
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "Digits" in text and "{{" not in text and "http-equiv" in text


def test_the_results_of_layers_are_those_of_the_network(runs, package, tmp_path):
    folder = page(runs, "digits", package, tmp_path)
    network = told(folder)
    assert [layer["words"] for layer in network["layers"]] == [
        ["first: Conv2d", "norm: BatchNorm2d"],
        ["ReLU"],
        ["2: MaxPool2d"],
        ["3: Flatten"],
        ["head: Linear"],
    ]
    image = np.random.default_rng(0).random((3, 1, 16, 16), np.float32)
    session = onnxruntime.InferenceSession(folder / "network.onnx")
    values = session.run([layer["value"] for layer in network["layers"]], {"image": image})
    assert [list(value.shape[1:]) for value in values] == [layer["shape"][1:] for layer in network["layers"]]
    module = nnspec.opening.model_of_run(runs / "digits").to_torch(runs / "digits" / "best.safetensors")
    np.testing.assert_allclose(values[-1], module.eval()(torch.from_numpy(image)).detach(), atol=1e-5)
    assert [output["name"] for output in network["outputs"]] == ["logits"]


def test_numbers_have_their_range_and_the_points_of_the_data(runs, package, tmp_path):
    network = told(page(runs, "spirals", package, tmp_path))
    (features,) = network["inputs"]
    assert [column["name"] for column in features["columns"]] == ["x", "y"]
    assert all(-1.1 < column["low"] < column["middle"] < column["high"] < 1.1 for column in features["columns"])
    assert len(features["rows"]) == len(features["labels"]) == 90
    assert set(features["labels"]) == {0, 1, 2}
    assert network["batch"] is True


def test_texts_have_their_tokens_and_lengths_follow_from_them(runs, package, tmp_path):
    tokens, lengths = told(page(runs, "reviews", package, tmp_path))["inputs"]
    assert (tokens["kind"], tokens["unit"], tokens["most"]) == ("text", "word", 128)
    assert tokens["tokens"][tokens["rare"]] == "<rare>"
    assert "good" in tokens["tokens"]
    assert tokens["samples"][0].split()[-1] in ("film", "dull", "plot")
    assert lengths == {"kind": "lengths", "name": "lengths", "of": "lengths"}


def test_a_tokenizer_is_told_with_what_stands_around_texts():
    pytest.importorskip("tokenizers")
    from tests.reference.hard_texts import small_tokenizers

    tokenizer = small_tokenizers()["bert"]
    told = steps(SurroundedTokens(tokenizer, None))
    assert (told["before"], told["after"]) == ([1], [2])
    assert [each["type"] for each in told["tokenizer"]["splitters"]] == ["BertPreTokenizer"]
    assert told["tokens"][3] == "[MASK]"
    counted = steps(Counted(("<padding>", "<start>", "<end>", "<rare>", "[CLS]"), tokenizer))
    assert counted["numbers"][:3] == [3, 4, 3]


def test_a_tokenizer_that_a_page_cannot_follow_is_refused_with_the_reason():
    pytest.importorskip("tokenizers")
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers

    likeliest = Tokenizer(models.Unigram([("a", -1.0)], 0, False))
    with pytest.raises(NotFollowed, match="a model of the kind Unigram"):
        steps(Tokens(likeliest))
    odd = Tokenizer(models.WordLevel({"a": 0}, unk_token="a"))
    odd.pre_tokenizer = pre_tokenizers.Split(Regex(r"\w++"), "isolated")
    with pytest.raises(NotFollowed, match="JavaScript may read otherwise"):
        steps(Tokens(odd))


# --- in a browser

PACKAGE = os.environ.get("NNSPEC_ONNXRUNTIME_WEB")  # the folder of npm's onnxruntime-web
AXE = os.environ.get("NNSPEC_AXE")  # the path of axe.min.js, from npm's axe-core
MISSING = NONE if BROWSER is None else "NNSPEC_ONNXRUNTIME_WEB names no folder of onnxruntime-web"


def in_browser(test: Any) -> Any:
    """The test of a page in a browser."""
    return pytest.mark.slow(pytest.mark.skipif(BROWSER is None or PACKAGE is None, reason=MISSING)(test))


@pytest.fixture(scope="module")
def site(runs, tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    for name in ("digits", "spirals", "reviews"):
        page(runs, name, Path(PACKAGE or ""), folder)
    with served(folder) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as opened:
        yield opened


class Shown(Watched):
    """The page of a network in the browser."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        super().__init__(browser.new_context(**context).new_page())
        self.page.goto(address)
        self.page.wait_for_selector("#answer table")

    def settled(self) -> None:
        """Wait until what was given last has been computed."""
        self.page.wait_for_function("() => document.body.dataset.busy === 'false'")

    def numbers(self) -> list[float]:
        self.settled()
        return [float(each) for each in self.page.locator("#answer data").evaluate_all("all => all.map(e => e.value)")]


@in_browser
def test_a_hundred_digits_are_read_as_predict_reads_them(runs, site, browser, tmp_path):
    digits = np.load(Path(nnspec.__file__).parent / "train/data/digits.npz")
    images = digits[next(name for name in digits.files if digits[name].ndim == 3)][:100]
    draws, files = np.random.default_rng(0), []
    for index, image in enumerate(images):
        picture = Image.fromarray((image * (255 // 16)).astype(np.uint8))
        if index % 3 == 1:  # a photograph is of other sizes, and in colours
            picture = picture.resize(tuple(int(side) for side in draws.integers(9, 60, 2))).convert("RGB")
        files.append(tmp_path / f"{index:03}.png")
        picture.save(files[-1])
    expected = nnspec.predict(runs / "digits", files, top=10)
    shown = Shown(browser, f"{site}/digits/")
    shown.page.get_by_role("button", name="Close all").click()
    worst = 0.0
    for file, prediction in zip(files, expected, strict=True):
        shown.page.locator("input[type=file]").set_input_files(file)
        shown.page.wait_for_function("name => document.body.dataset.given === name", arg=file.name)
        wanted = {each.name: each.value for each in prediction.answers["logits"].found}
        worst = max(worst, *(abs(value - wanted[str(number)]) for number, value in enumerate(shown.numbers())))
    assert worst < 1e-4
    shown.is_sound(site)


@in_browser
def test_a_digit_is_drawn_with_the_pointer_and_with_the_keys(site, browser):
    shown = Shown(browser, f"{site}/digits/", viewport={"width": 390, "height": 844}, has_touch=True)
    page = shown.page
    before = shown.numbers()
    box = page.locator(".pad").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 30, steps=5)
    page.mouse.up()
    drawn = shown.numbers()
    assert drawn != before
    assert sum(drawn) == pytest.approx(1)
    assert page.locator(".verdict").inner_text()[0] in "0123456789"
    page.locator(".pad").focus()
    for key in ("Delete", " ", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
    assert shown.numbers() not in (before, drawn)
    assert "Pen down" in page.locator("fieldset .hint[aria-live]").inner_text()
    maps = page.locator("details canvas").first
    assert maps.get_attribute("aria-label").startswith("norm: BatchNorm2d: 4 maps of 14 by 14")
    maps.focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("details output").first.inner_text().startswith("map 0, row 0, column 1: ")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut on a phone"
    shown.is_sound(site)


@in_browser
def test_sliders_move_the_point_and_the_plane_shows_the_boundary(runs, site, browser):
    shown = Shown(browser, f"{site}/spirals/")
    page = shown.page
    for name, value in (("x", "0.5"), ("y", "-0.25")):
        page.get_by_label(f"{name}, exactly").fill(value)
    (expected,) = nnspec.predict(runs / "spirals", {"features": np.array([[0.5, -0.25]], np.float32)})
    wanted = {each.name: each.value for each in expected.answers["logits"].found}
    assert shown.numbers() == pytest.approx([wanted[str(number)] for number in range(3)], abs=1e-4)
    colours = page.locator("#plane canvas").evaluate(
        "c => new Set(Array.from(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer))).size"
    )
    assert colours > 100, "the plane is painted"
    assert "the point is at x 0.5, y -0.25" in page.locator("#plane canvas").get_attribute("aria-label")
    assert (
        page.locator("details canvas")
        .first.get_attribute("aria-label")
        .startswith("hidden: Linear: 6 units of 64 by 64")
    )
    shown.is_sound(site)


@in_browser
def test_a_thousand_texts_have_the_tokens_of_the_package(site, browser):
    pytest.importorskip("tokenizers")
    from tests.reference.hard_texts import hard_texts, small_tokenizers

    shown, texts = Shown(browser, f"{site}/reviews/"), hard_texts(1000)
    for name, tokenizer in small_tokenizers().items():
        field = steps(SurroundedTokens(tokenizer, None)) | {"most": None}
        script = """async ([field, texts]) => {
            const { encoded } = await import(new URL("text.js", location.href));
            return texts.map((text) => encoded(text, field));
        }"""
        found = shown.page.evaluate(script, [field, texts])
        wrong = [
            (text, numbers, tokenizer.encode(text).ids)
            for text, numbers in zip(texts, found, strict=True)
            if numbers != tokenizer.encode(text).ids
        ]
        assert not wrong, f"{name}: {len(wrong)} of {len(texts)}, first {wrong[0]}"
    shown.is_sound(site)


@in_browser
def test_a_text_is_cut_into_the_words_of_training(runs, site, browser):
    shown = Shown(browser, f"{site}/reviews/")
    page = shown.page
    page.get_by_role("textbox", name="tokens").fill("a  good\tunheard film")
    (expected,) = nnspec.predict(runs / "reviews", texts=["a  good\tunheard film"])
    wanted = {each.name: each.value for each in expected.answers["logits"].found}
    names = page.locator("#answer th").all_inner_texts()
    assert dict(zip(names, shown.numbers(), strict=True)) == pytest.approx(wanted, abs=1e-4)
    assert page.locator(".tokens span").all_inner_texts() == ["a", "good", "<rare>", "film"]
    page.get_by_role("textbox", name="tokens").fill("")
    shown.settled()
    assert page.locator("#answer").inner_text() == "type a text"
    shown.is_sound(site)


@in_browser
@pytest.mark.parametrize("name", ["digits", "spirals", "reviews"])
def test_a_checker_of_accessibility_finds_nothing(name, site, browser):
    if AXE is None:
        pytest.skip("NNSPEC_AXE names no axe.min.js")
    shown = Shown(browser, f"{site}/{name}/", bypass_csp=True, color_scheme="dark")
    shown.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = shown.page.evaluate("axe.run()")["violations"]
    assert [(each["impact"], each["help"]) for each in found] == []
