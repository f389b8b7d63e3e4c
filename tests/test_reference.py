"""The reference: every word of the language has a page, and every example in it runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.elaborate.evaluate.arithmetic import FUNCTIONS
from nnspec.explain import explain, mistakes
from nnspec.layers import registry
from nnspec.layers.tensor_type import DType
from nnspec.recipe.choice import CHOICES
from nnspec.recipe.recipe import KEYS, PHASE_KEYS
from nnspec.reference import pages
from nnspec.resources import grammar_text

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "reference").rglob("*.md"))
EXAMPLES = [
    (f"{path.stem} {number}", kind.strip(), text)
    for path in PAGES
    for number, (kind, text) in enumerate(re.findall(r"```nn( error)?\n(.*?)```", path.read_text(), re.S), 1)
]
DIGITS = """
model Digits(classes = 10) {
  input image: float[N, 1, 8, 8]
  output logits = Flatten -> hidden: Linear(32) -> ReLU -> head: Linear(classes)
}
"""


@pytest.mark.parametrize(("name", "kind", "text"), EXAMPLES, ids=[each[0] for each in EXAMPLES])
def test_an_example_of_the_reference_runs_or_is_refused_as_it_says(name: str, kind: str, text: str) -> None:
    text = text if "model " in text else DIGITS + text  # the pages of keys are about a classifier of digits
    if kind == "error":
        with pytest.raises(SpecError):
            nnspec.loads(text)
        return
    model = nnspec.loads(text)
    assert model.declarations is not None
    for definition in model.declarations.models:
        each = nnspec.loads(text, definition.name)
        assert each.found == []
        assert each.summary().rows
        compile(each.torch_source(), name, "exec")
    found = model.check() if "train" in text else []
    assert {each.diagnostic.code for each in found} <= {"W0270"}  # a file that the example only names


def test_every_page_has_an_example_and_words_that_lead_to_it() -> None:
    assert {name.split()[0] for name, _, _ in EXAMPLES} == {path.stem for path in PAGES}
    for word, path in pages().items():
        assert explain(word).startswith(path.read_text().rstrip()), word


def test_every_keyword_key_layer_function_and_code_is_explained() -> None:
    terminals = [line for line in grammar_text().splitlines() if re.match(r"[A-Z]+(\.1)?: /\(", line)]
    words = {word for line in terminals for word in re.findall(r"[a-z]{2,}", line)}
    words |= set(re.findall(r'"([a-z]+)"', grammar_text()))
    assert {"block", "scan", "residual", "order", "and", "else", "concat", "multiply", "each", "carry", "none"} <= words
    for word in words | {*KEYS, *PHASE_KEYS}:
        assert word in pages(), word
    layers = [*registry.names(), *(word for role in ("function", "operator", "merge") for word in registry.words(role))]
    choices = [word for choices in CHOICES.values() for word in choices]
    for word in [*layers, *FUNCTIONS, *get_args(DType), *choices, *mistakes()]:
        assert explain(word), word
    for sign in ("->", "=", ":", "{", "[", "_", "?", "..", ".", ";", "...", "#"):
        assert explain(sign), sign


def test_the_command_prints_a_page_and_lists_all_of_them() -> None:
    page = CliRunner().invoke(main, ["explain", "residual"])
    assert page.exit_code == 0 and page.stdout.startswith("# residual, skip") and "x + f(x)" in page.stdout
    assert CliRunner().invoke(main, ["explain", "skip"]).stdout == page.stdout
    contents = CliRunner().invoke(main, ["explain"]).stdout
    assert "  residual, skip\n" in contents and "keys: " in contents and "early_stopping" in contents


def test_pages_are_in_the_wheel() -> None:
    assert '"docs/reference" = "nnspec/_resources/docs/reference"' in (ROOT / "pyproject.toml").read_text()
