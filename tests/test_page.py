"""The page of a picture in a browser: it opens blocks, finds, explains, asks for nothing and has no fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nnspec
from tests.reference.chromium import BROWSER, NONE, launched
from tests.reference.drawing import Drawing

AXE = os.environ.get("NNSPEC_AXE")  # the path of axe.min.js, from npm's axe-core
MODELS = ["resnet50", "transformer", "unet", "gpt2", "googlenet"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason=NONE)]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as opened:
        yield opened


class Shown:
    """A page in the browser, and what it has asked for and complained of."""

    def __init__(self, browser: Any, model: str, folder: Path) -> None:
        path = folder / "net.html"
        nnspec.load(model).draw(path)
        self.page = browser.new_page(viewport={"width": 1400, "height": 900}, bypass_csp=True)
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(path.as_uri())

    def boxes(self) -> int:
        return self.page.locator("[data-box]").count()

    def faults(self) -> list[str]:
        return list(Drawing(self.page.evaluate("view.innerHTML")).faults())


@pytest.mark.parametrize("model", MODELS)
def test_blocks_open_and_close_without_faults(model, browser, tmp_path):
    shown = Shown(browser, model, tmp_path)
    page = shown.page
    assert shown.faults() == []
    before = shown.boxes()
    page.get_by_role("button", name="Close all").click()
    closed = shown.boxes()
    assert shown.faults() == []
    block = page.locator("[aria-expanded=false]").first
    name = block.get_attribute("data-box")
    block.focus()
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.box") == name, "the focus stays"
    assert shown.boxes() > closed
    assert shown.faults() == []
    page.keyboard.press("ArrowLeft")
    assert shown.boxes() == closed
    page.get_by_role("button", name="Open all").click()
    assert shown.boxes() >= before
    assert shown.faults() == []
    assert shown.complaints == []
    assert len(shown.asked) == 1, "the page itself, and nothing else"


def test_a_part_shows_its_numbers_its_text_and_its_source(browser, tmp_path):
    shown = Shown(browser, "resnet50", tmp_path)
    page = shown.page
    box = page.locator('[data-box="0:conv1"]')
    box.hover()
    assert "9,408 = " in page.locator("#tip").inner_text()
    box.click()
    about = page.locator("#about").inner_text()
    assert "conv1" in about
    assert "model ResNet(" in about
    assert page.locator("#about mark").first.inner_text().startswith("conv1: Conv2d(")
    assert "class ResNet50(nn.Module)" in about
    page.get_by_label("Find a layer").fill("layer4.2.conv2")
    page.keyboard.press("Enter")
    assert page.locator("#about h2").inner_text() == "layer4.1.conv2", "a repeat is shown by its first application"


def test_a_checker_of_accessibility_finds_nothing(browser, tmp_path):
    if AXE is None:
        pytest.skip("NNSPEC_AXE names no axe.min.js")
    shown = Shown(browser, "transformer", tmp_path)
    shown.page.locator("[data-box]").nth(2).click()
    shown.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = shown.page.evaluate("axe.run()")["violations"]
    assert [(each["impact"], each["help"]) for each in found] == []
