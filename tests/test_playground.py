"""The playground: views as plain data, the language server as messages; and the built page in a browser."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nnspec
from nnspec.cli.main import COMMANDS
from nnspec.playground.browser import URI, Workbench
from nnspec.playground.menu import menu, texts
from tests.reference.chromium import BROWSER, NONE, Watched, launched, served

TEXT = "model First {\n  input x: float[N, 8]\n  hidden: Linear(4) -> ReLU\n  output y = Linear(2)\n}\n"
BROKEN = TEXT.replace("ReLU", "RelU")


def test_a_view_is_of_the_model_that_is_wanted_or_of_the_first_that_is_sound() -> None:
    bench = Workbench()
    second = "model Second {\n  input x: float[N, 4]\n  output y = Linear(3)\n}\n"
    both = json.loads(bench.view(TEXT + second, "summary", "Second"))
    assert (both["models"], both["model"]) == (["First", "Second"], "Second")
    assert "<table>" in both["table"]
    assert json.loads(bench.view(BROKEN + second, "source"))["model"] == "Second"
    assert json.loads(bench.view(BROKEN, "summary"))["refused"] == "No model is without mistakes yet."


def test_views_are_those_of_the_commands() -> None:
    bench, model = Workbench(), nnspec.loads(TEXT)
    assert json.loads(bench.view(TEXT, "source"))["text"] == model.torch_source()
    assert json.loads(bench.view(TEXT, "summary"))["table"] == model.summary()._repr_html_()
    assert "<svg" in json.loads(bench.view(TEXT, "picture"))["page"]


def test_the_menu_names_files_that_are_there() -> None:
    files = texts()
    assert {entry["file"] for entry in menu()} <= files.keys()
    assert "std/fairseq.nn" in files, "definitions lie in it"
    assert all(path.is_file() for path in files.values())
    assert {"ResNet50", "GPT2", "lenet5_digits"} <= {entry["name"] for entry in menu()}


def test_the_language_server_speaks_in_messages() -> None:
    lsp = pytest.importorskip("lsprotocol.types", reason="the language server needs pygls")
    said: list[dict[str, Any]] = []
    bench = Workbench()
    bench.serve(lambda message: said.append(json.loads(message)))

    def ask(method: str, **params: Any) -> None:
        bench.receive(json.dumps({"jsonrpc": "2.0", "id": method, "method": method, "params": params}))

    ask("initialize", processId=None, rootUri=None, capabilities={})
    assert bench._server is not None
    bench._server.workspace.put_text_document(lsp.TextDocumentItem(URI, "nnspec", 0, TEXT))
    assert bench._current(TEXT) is bench._server.document(URI), "views are of the server's text, where it has the same"
    end = {"line": 5, "character": 0}
    ask("textDocument/inlayHint", textDocument={"uri": URI}, range={"start": {"line": 0, "character": 0}, "end": end})
    hints = next(message["result"] for message in said if message.get("id") == "textDocument/inlayHint")
    assert [hint["label"] for hint in hints] == ["[N, 4]", "[N, 4]", "[N, 2]"]


def test_the_script_is_no_command() -> None:
    assert "playground" not in COMMANDS, "it is run by those who release nnspec, from a clone"


# --- in a browser

SITE = os.environ.get("NNSPEC_PLAYGROUND")  # the folder that python -m nnspec.playground.build wrote
AXE = os.environ.get("NNSPEC_AXE")  # the path of axe.min.js, from npm's axe-core
MISSING = NONE if BROWSER is None else "NNSPEC_PLAYGROUND names no folder of a built page"
PATIENCE = 120_000  # milliseconds: nothing here is about speed


def in_browser(test: Any) -> Any:
    """The test of the built page."""
    return pytest.mark.slow(pytest.mark.skipif(BROWSER is None or SITE is None, reason=MISSING)(test))


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    assert SITE is not None
    with served(SITE) as address:
        yield f"{address}/"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as opened:
        yield opened


class Shown(Watched):
    """The playground in the browser."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        super().__init__(browser.new_context(**context).new_page())
        self.page.set_default_timeout(PATIENCE)
        self.address = address.partition("#")[0]
        self.page.goto(address)
        self.page.wait_for_selector("body[data-ready]")
        self.page.wait_for_selector(".cm-shape")

    def write(self, text: str) -> None:
        """Take the place of the text, as one who types."""
        self.page.locator("#editor .cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(text)


@in_browser
def test_a_mistake_is_underlined_and_mended(site, browser) -> None:
    shown = Shown(browser, site)
    page = shown.page
    shown.write(TEXT)
    page.locator("#view-summary").get_by_text("hidden: Linear + ReLU").wait_for()
    page.locator("#editor .cm-line").nth(2).click()
    page.keyboard.press("End")
    for key in ("Backspace", "Backspace", "Backspace", "Backspace"):
        page.keyboard.press(key)
    page.keyboard.type("RelU")
    page.keyboard.press("Escape")
    page.locator("#editor .cm-lintRange-error").wait_for()
    from playwright.sync_api import expect

    expect(page.locator("#editor .cm-lintRange-error")).to_have_text("RelU", timeout=PATIENCE)
    expect(page.locator("#mistakes")).to_contain_text("E0201", timeout=PATIENCE)
    expect(page.locator("#stale")).to_contain_text("No model is without mistakes yet.", timeout=PATIENCE)
    page.locator("#mistakes .fix").first.click()
    page.get_by_text("No mistakes.", exact=True).wait_for()
    expect(page.locator("#editor .cm-content")).to_contain_text("ReLU")
    expect(page.locator("#editor .cm-shape")).to_have_text(["[N, 4]", "[N, 4]", "[N, 2]"], timeout=PATIENCE)
    shown.is_sound(shown.address)


@in_browser
def test_a_block_opens_in_the_picture_and_the_source_is_shown(site, browser) -> None:
    shown = Shown(browser, f"{site}#ResNet50", viewport={"width": 1400, "height": 900})
    page = shown.page
    page.get_by_role("tab", name="Picture").click()
    picture = page.frame_locator("#view-picture iframe")
    picture.locator("[data-box]").first.wait_for()
    picture.get_by_role("button", name="Close all").click()
    before = picture.locator("[data-box]").count()
    picture.locator("[aria-expanded=false]").first.focus()
    picture.locator("[aria-expanded=false]").first.press("ArrowRight")
    assert picture.locator("[data-box]").count() > before
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Picture").focus()
    page.keyboard.press("ArrowRight")
    page.locator("#view-source").get_by_text("class ResNet50(nn.Module)").first.wait_for()
    assert page.get_by_role("tab", name="PyTorch").get_attribute("aria-selected") == "true"
    shown.is_sound(shown.address)


IMPORTING = """import Layer from "std/fairseq.nn"
block Deep(heads) {
  [N, T, D]
  layers: 2 x Layer(heads, 4 * D)
}
model Mine {
  input x: float[N, 5, 8]
  output y = deep: Deep(2)
}
"""


@in_browser
def test_a_definition_is_gone_to_in_the_text_and_in_the_zoo_and_back(site, browser) -> None:
    from playwright.sync_api import expect

    shown = Shown(browser, site)
    page = shown.page
    shown.write(IMPORTING)
    page.locator("#view-summary caption").get_by_text("Mine").first.wait_for()
    page.locator("#editor .cm-line").nth(7).get_by_text("Deep", exact=True).click(modifiers=["Control"])
    expect(page.locator("#editor .cm-activeLine")).to_contain_text("block Deep", timeout=PATIENCE)
    page.locator("#editor .cm-line").nth(3).get_by_text("Layer", exact=True).click()
    page.keyboard.press("F12")
    expect(page.locator("#other-name")).to_have_text("std/fairseq.nn of the zoo, read only", timeout=PATIENCE)
    expect(page.locator("#other .cm-activeLine")).to_contain_text("block Layer", timeout=PATIENCE)
    before = page.locator("#other .cm-content").inner_text()
    page.keyboard.type("x")
    page.keyboard.press("Escape")
    expect(page.locator("#other")).to_be_hidden(timeout=PATIENCE)
    assert not before.startswith("x")
    assert page.evaluate("document.activeElement.closest('#editor') !== null"), "the text has the focus again"
    expect(page.locator("#mistakes")).to_have_text("No mistakes.", timeout=PATIENCE)
    shown.is_sound(shown.address)


@in_browser
def test_blocks_stay_open_in_the_picture_while_one_types(site, browser) -> None:
    from playwright.sync_api import expect

    shown = Shown(browser, site, viewport={"width": 1400, "height": 900})
    page = shown.page
    shown.write(IMPORTING)
    page.get_by_role("tab", name="Picture").click()
    picture = page.frame_locator("#view-picture iframe")
    picture.get_by_role("button", name="Close all").click()
    closed = picture.locator("[data-box]").count()
    picture.locator("[aria-expanded=false]").first.focus()
    page.keyboard.press("ArrowRight")
    opened = picture.locator("[data-box]").count()
    assert opened > closed
    wider = picture.get_by_text(re.compile(r"5\D{1,4}80\b"))
    assert wider.count() == 0
    page.locator("#editor .cm-line").nth(6).click()
    for key in ("End", "ArrowLeft", "0"):
        page.keyboard.press(key)
    expect(wider.first).to_be_visible(timeout=PATIENCE)
    assert picture.locator("[data-box]").count() == opened
    picture.locator("[data-box]").first.click()
    expect(page.locator("#editor .cm-activeLine")).to_contain_text("input x", timeout=PATIENCE)
    shown.is_sound(shown.address)


@in_browser
def test_a_link_holds_the_text_and_the_menu_another_one(site, browser) -> None:
    shown = Shown(browser, site)
    page = shown.page
    shown.write(f"# Größe\n{TEXT.replace('First', 'Kept')}")
    page.locator("#view-summary caption").get_by_text("Kept").first.wait_for()
    page.get_by_role("button", name="Copy link").click()
    page.wait_for_url("**#text=*")
    again = Shown(browser, page.url)
    assert "# Größe\nmodel Kept" in again.page.locator("#editor .cm-content").inner_text()
    again.page.get_by_label("Network", exact=True).select_option("lenet5_digits")
    again.page.locator("#view-summary caption").get_by_text("LeNet5Digits").first.wait_for()
    shown.is_sound(shown.address)
    again.is_sound(again.address)


@in_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_checker_of_accessibility_finds_nothing(scheme, site, browser) -> None:
    if AXE is None:
        pytest.skip("NNSPEC_AXE names no axe.min.js")
    shown = Shown(browser, site, bypass_csp=True, color_scheme=scheme, viewport={"width": 390, "height": 844})
    shown.write(BROKEN)
    shown.page.locator("#mistakes .fix").first.wait_for()
    shown.page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = shown.page.evaluate("axe.run()")["violations"]
    assert [(each["impact"], each["help"], each["nodes"][0]["html"][:120]) for each in found] == []
    assert shown.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
