"""The extension for Visual Studio Code: what it declares; and in a real editor, code-server in Chromium.

The editor is not part of the tests' environment: `npm install code-server`, and name its command in NNSPEC_CODE_SERVER
(such as "node node_modules/code-server/out/node/entry.js"); `npm ci && npm run package` in grammar/vscode makes the
extension.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nnspec.highlight import KEYWORDS
from tests.reference.chromium import BROWSER, launched

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "grammar" / "vscode"
EDITOR = os.environ.get("NNSPEC_CODE_SERVER")
SETTINGS = {
    "nnspec.python": sys.executable,
    "security.workspace.trust.enabled": False,
    "workbench.startupEditor": "none",
    "workbench.secondarySideBar.defaultVisibility": "hidden",
    "editor.minimap.enabled": False,
    "editor.wordWrap": "on",
    "chat.disableAIFeatures": True,
    "telemetry.telemetryLevel": "off",
}
NET = """\
block Unit(width) {
  residual { conv1: Conv2d(width, 3, padding = 1) -> bn1: BatchNorm2d }
}

model Net(classes = 10) {
  input image: float[N, 3, 32, 32]  # 𝒳 stands for two units
  stem: Conv2d(16, 3, padding = 1) -> ReLU
  unit: Unit(16)
  GlobalAvgPool2d -> Flatten
  output logits = head: Linaer(classes)
}
"""


def test_the_extension_declares_what_it_registers() -> None:
    manifest = json.loads((FOLDER / "package.json").read_text())
    declared = {each["command"] for each in manifest["contributes"]["commands"]}
    sources = "".join(path.read_text() for path in sorted((FOLDER / "src").glob("*.ts")))
    assert declared == set(re.findall(r'registerCommand\("([\w.]+)"', sources))
    lock = json.loads((FOLDER / "package-lock.json").read_text())
    root = lock["packages"][""]
    assert root["dependencies"] == manifest["dependencies"] and root["devDependencies"] == manifest["devDependencies"]


def test_the_extension_asks_for_commands_that_the_server_has() -> None:
    handlers = pytest.importorskip("nnspec.lsp.handlers", reason="the language server needs pygls: the extra `lsp`")
    assert f'command: "{handlers.PAGE}"' in (FOLDER / "src" / "preview.ts").read_text()


def test_editors_close_the_brackets_of_the_language() -> None:
    given = json.loads((FOLDER / "language-configuration.json").read_text())
    assert given["comments"]["lineComment"] == "#"
    assert all(re.fullmatch(given["wordPattern"], word) for word in KEYWORDS)


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[str]:
    """The address of code-server with the extension, and a folder with a spec."""
    made = sorted(FOLDER.glob("*.vsix"))
    if EDITOR is None or BROWSER is None or not made:
        pytest.skip("needs code-server (NNSPEC_CODE_SERVER), Chromium and `npm run package` in grammar/vscode")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "net.nn").write_text(NET)
    (tmp_path / "data" / "User").mkdir(parents=True)
    (tmp_path / "data" / "User" / "settings.json").write_text(json.dumps(SETTINGS))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = ["--user-data-dir", str(tmp_path / "data"), "--extensions-dir", str(tmp_path / "extensions")]
    environment = os.environ | {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [*shlex.split(EDITOR), *places]
    subprocess.run([*command, "--install-extension", str(made[-1])], env=environment, check=True, timeout=180)
    options = ["--auth", "none", "--bind-addr", f"127.0.0.1:{port}", "--disable-telemetry", "--disable-update-check"]
    with subprocess.Popen([*command, *options], env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert any("HTTP server listening" in line for line in server.stdout)
        yield f"http://127.0.0.1:{port}/?folder={tmp_path / 'work'}"
        server.terminate()


def _picture(page: Any) -> Any:
    """The frame of the preview, which lies in frames of the editor's."""
    for _ in range(600):
        for frame in page.frames:
            try:
                if frame.query_selector("#view"):
                    return frame
            except Exception:
                continue  # it is being replaced
        page.wait_for_timeout(100)
    raise AssertionError("no preview is shown")


@pytest.mark.slow
def test_a_mistake_is_mended_and_the_network_follows_the_cursor_in_a_real_editor(editor: str, tmp_path: Path) -> None:
    with launched() as browser:
        page = browser.new_page(viewport={"width": 1500, "height": 900})
        page.set_default_timeout(120_000)
        page.goto(editor)
        page.get_by_role("treeitem", name="net.nn").dblclick()
        page.wait_for_selector(".squiggly-error")
        shot(page, "mistake")
        page.get_by_text("Linaer").first.click()
        page.wait_for_timeout(500)
        page.keyboard.press("Control+.")
        page.get_by_text("write Linear").wait_for()
        shot(page, "fix")
        page.keyboard.press("Enter")
        page.wait_for_selector(".squiggly-error", state="detached")
        page.get_by_text("[N, 10]").first.wait_for()
        page.get_by_role("button", name="Show the Network Beside the Text").first.click()
        _picture(page).wait_for_selector("[data-box].chosen >> text=Linear")
        shot(page, "preview")

        page.get_by_text("BatchNorm2d").first.click()
        _picture(page).wait_for_selector("[data-box].chosen >> text=BatchNorm2d")
        shot(page, "follows")
        _picture(page).locator("[data-box]", has_text="Conv2d").first.click()
        page.get_by_text(re.compile(r"Ln 7, Col \d+")).wait_for()
        shot(page, "leads")

        page.keyboard.press("F1")
        page.keyboard.type("nnspec: Summary")
        page.keyboard.press("Enter")
        page.locator(".terminal-widget-container, .xterm-screen").first.wait_for()
        page.wait_for_timeout(6000)
        shot(page, "summary")


def shot(page: Any, name: str) -> None:
    """Keep a picture of the editor, where NNSPEC_PICTURES names a folder for it."""
    folder = os.environ.get("NNSPEC_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))
