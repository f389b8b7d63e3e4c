"""The guide: its specs are sound, and its commands print what its pages show.

After a change of what commands print, look at what `NNSPEC_REGOLD=1 pytest tests/test_guide.py` writes.
"""

from __future__ import annotations

import os
import re
from itertools import pairwise
from pathlib import Path

import pytest

import nnspec
from tests.reference.guide import played

ROOT = Path(__file__).parent.parent
GUIDE = ROOT / "docs" / "guide"
PAGES = sorted(GUIDE.glob("[0-9]*.md"))
COURSE = sorted((ROOT / "docs" / "course").glob("[0-9]*.md"))
OTHERS = [*sorted((ROOT / "docs").glob("[a-z]*.md")), *sorted((ROOT / "docs" / "how_to").glob("[a-z]*.md"))]


@pytest.mark.parametrize("page", [*PAGES, *OTHERS], ids=[page.stem for page in [*PAGES, *OTHERS]])
def test_a_page_of_the_guide_is_as_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")  # the pages show what a processor gives
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    text = page.read_text(encoding="utf-8")
    now = played(text)
    if os.environ.get("NNSPEC_REGOLD"):
        page.write_text(now, encoding="utf-8")
    else:
        assert now == text


@pytest.mark.slow
@pytest.mark.parametrize("page", COURSE, ids=[page.stem for page in COURSE])
def test_a_page_of_the_course_is_as_it_says(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test_a_page_of_the_guide_is_as_it_says(page, tmp_path, monkeypatch)


def test_links_of_the_guide_lead_somewhere_and_each_page_leads_to_the_next() -> None:
    contents = (GUIDE / "README.md").read_text(encoding="utf-8")
    for page in [*PAGES, *OTHERS, *COURSE, *(ROOT / "docs").rglob("README.md")]:
        for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
    for page, following in pairwise(PAGES):
        assert f"({page.name})" in contents
        assert f"({following.name})" in page.read_text(encoding="utf-8").splitlines()[-1]


MODEL = "```nn\n# m.nn\nmodel M {\n  input x: float[N, 4]\n  Linear(2)\n}\n```\n"


def test_what_a_page_says_wrongly_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    count = "```console\n$ nnspec summary m.nn\n...\nTrainable parameters  {}\n...\n```\n"
    assert played(MODEL + count.format(10)) == MODEL + count.format(10)
    assert played(MODEL + count.format(12)) == MODEL + count.format(10)
    cut = (MODEL + count.format(10)).replace("10\n...\n", "10\n")
    assert len(played(cut)) > len(cut)  # a line is left out, and nothing says so
    assert played(MODEL.replace("Linear", "  Linear")) == MODEL
    for wrong in (
        MODEL.replace("```nn", "```nn error"),
        "```bash\nnnspec train m.nn --epoch 3\n```\n",
        "```python\n```\n",
    ):
        with pytest.raises(AssertionError):
            played(wrong)
    with pytest.raises(nnspec.SpecError):
        played(MODEL.replace("Linear", "Linar"))
