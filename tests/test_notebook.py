"""Notebooks: models, pictures, differences and runs show themselves; mistakes are told without a traceback."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest

import nnspec
from nnspec.diagnostics.render import painted
from nnspec.notebook.cell import compiled
from nnspec.run import Run

NET = "model Net(width = 3) {\n  input x: float[N, 4]\n  output y = Linear(width)\n}\n"


def pictures(page: str) -> list[bytes]:
    return [base64.b64decode(data) for data in re.findall(r'src="data:image/[^;]+;base64,([^"]+)"', page)]


def test_a_model_shows_its_picture_and_its_table():
    page = nnspec.load("lenet5")._repr_html_()
    (picture,) = pictures(page)
    assert picture.startswith(b"<svg")
    assert "61,706" in page
    assert "<table>" in page


def test_a_difference_shows_its_text_and_its_picture():
    one, other = nnspec.loads(NET), nnspec.loads(NET, settings={"width": 5})
    page = one.diff(other)._repr_html_()
    assert "width 3 -&gt; 5" in page.replace("                 ", " ") or "3 -&gt; 5" in page
    assert len(pictures(page)) == 1
    assert not pictures(one.diff(one)._repr_html_())


def test_a_run_shows_its_curves_and_its_last_epochs(tmp_path: Path):
    history = tuple({"epoch": n, "loss": 1 / n, "accuracy": None if n < 3 else 0.5} for n in range(1, 31))
    run = Run(tmp_path, history, "accuracy", 0.5, 3, None)
    assert not pictures(run._repr_html_())
    (tmp_path / "curves.png").write_bytes(b"\x89PNG")
    page = run._repr_html_()
    assert pictures(page) == [b"\x89PNG"]
    assert "best accuracy 0.5 in epoch 3" in page
    assert page.count("<tr>") == 13


def test_mistakes_are_lines_with_the_words_underlined_and_no_traceback():
    with pytest.raises(nnspec.SpecError) as caught:
        nnspec.loads(NET.replace("Linear", "Conv2d"))
    lines = caught.value._render_traceback_()
    assert lines[0].startswith("\033[1;31merror[E0")
    assert any("\033[1;31m^^^^" in line for line in lines)
    assert not any("Traceback" in line for line in lines)
    assert painted("no mistake") == "no mistake"


def test_a_cell_is_compiled_with_its_settings():
    names: dict[str, object] = {}
    assert compiled("net --set width=5", NET, names) is names["net"]
    assert names["net"].summary().parameters == 25
    compiled("--model Net", NET, names)
    assert names["Net"].summary().parameters == 15


def test_a_shell_has_the_magic():
    shells = pytest.importorskip("IPython.core.interactiveshell", reason="IPython runs cells")
    shell = shells.InteractiveShell.instance()
    try:
        shell.run_line_magic("load_ext", "nnspec")
        model = shell.run_cell_magic("nnspec", "net", NET)
        assert shell.user_ns["net"] is model
        with pytest.raises(nnspec.SpecError, match="<cell>:3:"):
            shell.run_cell_magic("nnspec", "", NET.replace("Linear", "Linera"))
    finally:
        shells.InteractiveShell.clear_instance()
