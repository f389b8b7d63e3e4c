"""The report of a run in a browser: its views are chosen, it asks for nothing, complains of nothing and has no fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import nnspec
from nnspec.report.report import write_report
from tests.reference.chromium import BROWSER, NONE, launched
from tests.test_report import DIGITS

pytest.importorskip("matplotlib", reason="reports need matplotlib")
AXE = os.environ.get("NNSPEC_AXE")  # the path of axe.min.js, from npm's axe-core

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason=NONE)]


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shown")
    run = nnspec.loads(DIGITS).train(runs=folder, quiet=True, watch=["training_metrics"], epochs=4)
    return write_report(run.folder, folder / "page.html").path


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_report_is_shown_and_a_checker_of_accessibility_finds_nothing(
    scheme: str, report: Path, browser: Any
) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900}, bypass_csp=True, color_scheme=scheme)
    asked: list[str] = []
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    choice = page.locator("#curves select").first
    choice.select_option(label="the last half")
    shown = page.locator("#curves figure").first.locator("[data-view]:visible")
    assert shown.count() == 1
    assert "accuracy (training)" in page.locator("#curves").inner_html()
    assert complaints == [] and [each for each in asked if not each.startswith(("file:", "data:", "about:"))] == []
    if AXE is None:
        pytest.skip("NNSPEC_AXE names no axe.min.js")
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate("axe.run()")["violations"]
    said = [
        (each["impact"], each["id"], node["target"], node["html"][:100]) for each in found for node in each["nodes"]
    ]
    assert said == []
