"""`nnspec report` and `nnspec runs --html`: one file that tells all of a run, and asks for nothing."""

from __future__ import annotations

import re
import shutil
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from tests.reference.chromium import BROWSER, NONE, launched

pytest.importorskip("matplotlib", reason="figures are drawn with matplotlib")

IRIS = """
model Flowers {
  input features: float[N, 4]
  output logits = Linear(8) -> Tanh -> head: Linear(3)
}
train { data = iris; epochs = 5; batch = 30 }
"""
DIGITS = """
model Digits {
  input image: float[N, 1, 8, 8]
  output logits = conv1: Conv2d(6, 3) -> BatchNorm2d -> ReLU -> Flatten -> head: Linear(10)
}
train { data = digits; epochs = 2; batch = 100 }
"""
PARTS = [
    "network",
    "curves",
    "figures",
    "confusion",
    "worst-samples",
    "first-layer",
    "activations",
    "settings",
    "versions",
]
SPACE = "http://www.w3.org/2000/svg"  # the name of a language, which nothing asks for


class Parts(HTMLParser):
    """The parts of a page: its sections, its identifiers, what it would ask for, and the text of each section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text: dict[str, str] = {}
        self.names: list[str] = []
        self.asked: list[str] = []
        self.kinds: dict[str, list[str]] = {}
        self.framed = ""
        self.section = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        if tag == "section":
            self.section = given["id"] or ""
        self.names += [given["id"]] if given.get("id") else []
        self.kinds.setdefault(self.section, []).append(tag)
        self.framed += given.get("srcdoc") or ""
        links = (given.get(name) or "" for name in ("src", "href"))
        self.asked += [link for link in links if link and not link.startswith(("data:", "#"))]

    def handle_data(self, data: str) -> None:
        self.text[self.section] = self.text.get(self.section, "") + data


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of numbers and one of pictures."""
    folder = tmp_path_factory.mktemp("report") / "runs"
    nnspec.loads(IRIS).train(runs=folder, name="flowers", quiet=True)
    nnspec.loads(DIGITS).train(runs=folder, name="digits", quiet=True)
    return folder


def call(*arguments: object) -> str:
    done = CliRunner().invoke(main, list(map(str, arguments)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def checked(path: Path) -> Parts:
    """A page, which is whole and asks for nothing."""
    text = path.read_text(encoding="utf-8")
    page = Parts(text)
    assert page.asked == [] and Parts(page.framed).asked == []
    assert re.findall(r"https?://[^\s\"'<]+", unescape(text).replace(SPACE, "")) == []
    assert len(page.names) == len(set(page.names)), "identifiers are of one element each"
    assert "{{" not in text
    return page


def test_a_report_has_all_parts_of_a_run_of_pictures(runs: Path) -> None:
    told = call("report", runs / "digits")
    assert told.startswith(f"{runs / 'digits' / 'report.html'}: ") and "note" not in told
    page = checked(runs / "digits" / "report.html")
    assert list(page.text)[1:] == PARTS
    assert "srcdoc" in (runs / "digits" / "report.html").read_text() and "conv1" in page.framed
    assert "validation_loss" in page.text["curves"] and "accuracy (training)" in page.text["curves"]
    assert page.kinds["worst-samples"].count("img") == 16 and "taken for" in page.text["worst-samples"]
    assert "conv1.weight [6, 1, 3, 3]" in page.text["first-layer"] and "svg" in page.kinds["first-layer"]
    assert all(name in page.text["activations"] for name in ("image: input", "conv1: Conv2d", "ReLU", "head: Linear"))
    assert "Adam" in page.text["settings"] and "model Digits" in page.text["settings"]
    assert nnspec.__version__ in page.text["versions"] and "not recorded" not in page.text["versions"]


def test_watched_metrics_of_the_training_part_are_a_curve_beside_those_held_out() -> None:
    from nnspec.report.curves import panels_of_run

    history = [{"loss": 1.0, "validation_loss": 1.5, "accuracy": 0.5, "training_accuracy": 0.6} for _ in range(3)]
    losses, accuracy = panels_of_run(history, {"accuracy": (3, 0.6), "loss": (3, 1.0)})
    assert list(losses.curves) == ["loss", "validation_loss"]
    assert accuracy.curves == {"accuracy (validation)": [0.5] * 3, "accuracy (training)": [0.6] * 3}
    assert not accuracy.marks


def test_its_figures_are_those_of_the_evaluation(runs: Path, tmp_path: Path) -> None:
    from nnspec.report.report import write_report

    page = write_report(runs / "flowers", tmp_path / "page.html").path
    text = checked(page).text["figures"]
    for part in ("validation", "training"):
        found = nnspec.evaluate(runs / "flowers", part=part)
        assert f"{found.figures['loss']:.5g}" in text


def test_a_report_of_numbers_lists_their_values(runs: Path, tmp_path: Path) -> None:
    call("report", runs / "flowers", "-o", tmp_path / "page.html", "--worst", 3, "--no-training")
    page = checked(tmp_path / "page.html")
    assert page.kinds["worst-samples"].count("li") == 3 and "petal_length" in page.text["worst-samples"]
    assert "training" not in page.text["figures"]
    assert not (runs / "flowers" / "report.html").exists()


def test_what_a_run_cannot_tell_is_said_in_its_place(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
    run = nnspec.loads(IRIS).train((rows, np.arange(40) % 3), runs=tmp_path, name="given", quiet=True, epochs=1)
    told = call("report", run.folder)
    page = checked(run.folder / "report.html")
    assert "the validation part is not judged" in told and "was given in Python" in page.text["figures"]
    assert "conv" not in page.text["first-layer"] and "svg" in page.kinds["first-layer"]


def test_runs_are_compared_on_a_page(runs: Path, tmp_path: Path) -> None:
    shutil.copytree(runs / "flowers", runs / "again")
    told = call("runs", runs, "--html", tmp_path / "runs.html")
    page = checked(tmp_path / "runs.html")
    assert f"side by side in {tmp_path / 'runs.html'}" in told
    for name in ("again", "digits", "flowers"):
        assert name in page.text["table"] and name in page.text["curves"]
    assert "data =" in page.text["table"]


def test_without_matplotlib_the_extra_is_named(runs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = nnspec.extras.find_spec
    monkeypatch.setattr("nnspec.extras.find_spec", lambda name: None if name == "matplotlib" else real(name))
    for command in (["report", runs / "digits"], ["runs", runs, "--html", tmp_path / "runs.html"]):
        done = CliRunner().invoke(main, list(map(str, command)))
        assert done.exit_code == 1 and 'pip install "nnspec[report]"' in done.stderr
    assert not (tmp_path / "runs.html").exists()


def test_a_folder_without_a_run_is_told_of(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["report", str(tmp_path)])
    assert done.exit_code == 1 and "no readable run.json" in done.stderr


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason=NONE)
def test_a_report_works_in_a_browser(runs: Path, tmp_path: Path) -> None:
    call("report", runs / "digits", "-o", tmp_path / "page.html")
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1300, "height": 900})
        asked: list[str] = []
        complaints: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto((tmp_path / "page.html").as_uri())
        figure = page.locator(".zoom").first
        shown = figure.locator("svg:visible")
        whole = shown.get_attribute("viewBox")
        figure.get_by_role("button", name="Larger").click()
        assert shown.get_attribute("viewBox") != whole
        page.keyboard.press("0")
        assert shown.get_attribute("viewBox") == whole
        figure.get_by_role("combobox").select_option(label="all epochs, logarithmic")
        assert shown.count() == 1 and shown.get_attribute("aria-label") is not None
        page.frame_locator("iframe").locator('[data-box="0:conv1"]').click()
        assert "conv1" in page.frame_locator("iframe").locator("#about h2").inner_text()
        assert complaints == []
        assert [url for url in asked if not url.startswith("data:")] == [(tmp_path / "page.html").as_uri()]
