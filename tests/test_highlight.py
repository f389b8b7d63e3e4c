"""The pieces of a text that have colours, on terminals and by Pygments, are those that the parser sees."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args

import pytest
from lark import Token

from nnspec.diagnostics import Sink, Source
from nnspec.highlight import KEYWORDS, Kind, pieces
from nnspec.syntax.layout import Layout
from nnspec.syntax.parse import parse

ROOT = Path(__file__).parents[1]
SPECS = sorted(path for name in ("specs", "examples") for path in (ROOT / name).rglob("*.nn"))
SAMPLE = """\
import Stem as Start from "stem.nn"  # another file
block Unit(x, x2 = 1e-3): a, b? { x2 x ReLU -> residual { 1.conv1: Conv2d(x, 3) } -> y }
model M = Unit(x = [1, 2][0:1], train = true)
model Net {
  input input: float[N, 3, H // 2]
  for i in 0..2 { "layer.{i}\\n": 3 x Linear(64, bias = not none) }
  order: order.0.1 -> scan RNN backward
}
"""

WORDS = KEYWORDS | {"x"}
TOP = ("import", "block", "model", "train ")
NAMES = """\
import W as W2 from "zoo/x.nn"
block B(W = 2, z = W): W, b? { W -> ReLU }
for W in 0..2 { W -> Linear(W + 1, k = W) }
if W > 2 { W } else { f(W) }
W = W -> ReLU
a = W.W[W, 0:W] -> 3 x W
W: Linear(W)
W.W: ReLU -> W: Tanh
residual { W } skip { W -> ReLU }
concat(W) { W; b }
(W, b = W) -> Add
scan W backward for W
phase W { x = 1 }
order W, b
require W == W, W
output W = W
output W
block W: W { W }
model W = B(W, [W, W])
train W { W = W; loss = W * -W ** W }
"""


def kinds(text: str) -> list[tuple[str, str]]:
    """The pieces that are more than space."""
    return [(piece.kind, piece.text) for piece in pieces(text) if piece.kind != "space"]


def of_kind(kind: str, text: str = SAMPLE) -> list[str]:
    """The texts of the pieces of one kind."""
    return [shown for each, shown in kinds(text) if each == kind]


def test_each_piece_of_a_small_sample_has_its_kind() -> None:
    assert of_kind("comment") == ["# another file"]
    assert of_kind("definition") == ["Unit", "M", "Net"]
    assert of_kind("layer") == ["Stem", "Start", "ReLU", "Conv2d", "Unit", "Linear", "RNN"]
    assert of_kind("label") == ["1.conv1", "input", '"layer.', '"', "order"]
    assert of_kind("interpolation") == ["{i}"]
    assert of_kind("escape") == ["\\n"]
    assert of_kind("string") == ['"stem.nn"']
    assert of_kind("type") == ["float"]
    assert of_kind("size") == ["N", "H"]
    assert of_kind("argument") == ["x2", "x", "train", "bias"]
    assert of_kind("constant") == ["true", "none"]
    assert of_kind("word_operator") == ["x", "x", "not"]
    assert of_kind("number") == ["1e-3", "3", "1", "2", "0", "1", "3", "2", "0", "2", "3", "64"]
    keywords = "import as from block residual model model input for in scan backward"
    assert of_kind("keyword") == keywords.split()


def test_what_the_language_lacks_is_an_error_and_the_rest_keeps_its_colours() -> None:
    text = 'model M { input x: float[N, 4] $ "open\n Linear(3) \u00a0 ) }'
    assert of_kind("error", text) == ["$", '"', "\u00a0"]
    assert of_kind("layer", text) == ["Linear"]
    assert "".join(piece.text for piece in pieces(text)) == text


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], set[int | None] | None]:
    """The places of the words that the parser takes as keywords; None for a text with mistakes."""
    found: set[int | None] = set()
    process = Layout.process

    def noted(layout: Layout, stream: Iterator[Token]) -> Iterator[Token]:
        def tap() -> Iterator[Token]:
            for token in stream:
                if token in WORDS and token.type != "NAME":
                    found.add(token.start_pos)
                yield token

        return process(layout, tap())

    def read(text: str) -> set[int | None] | None:
        found.clear()
        sink = Sink()
        parse(Source("text", text), sink)
        return None if sink.found else set(found)

    monkeypatch.setattr(Layout, "process", noted)
    return read


def coloured(text: str) -> set[int | None]:
    """The places of the words that have the colours of keywords."""
    place, found = 0, set()
    for piece in pieces(text):
        if piece.kind in ("keyword", "constant", "word_operator"):
            found.add(place)
        place += len(piece.text)
    return found


def test_the_keywords_in_colours_are_those_that_the_parser_takes(taken) -> None:
    for path in SPECS[::4]:  # parsing takes long
        text = path.read_text(encoding="utf-8")
        expected = taken(text)
        assert expected
        assert coloured(text) == expected, path


def test_a_keyword_that_the_parser_takes_as_a_name_has_no_colour(taken) -> None:
    sound = 0
    for word in sorted(WORDS):
        for line in NAMES.splitlines():
            text = re.sub(r"\bW\b", word, line)
            text = text if line.startswith(TOP) else f"block Q {{\n {text}\n}}"
            expected = taken(text)
            if expected is not None and not (word in ("true", "false", "none") and "scan" in line):
                assert coloured(text) == expected, text
                sound += 1
    assert sound > 400


def test_pygments_reads_every_spec_without_an_error_and_loses_nothing() -> None:
    pytest.importorskip("pygments", reason="colours of documents need Pygments")
    from pygments.token import Error

    from nnspec.pygments_lexer import TOKENS, SpecLexer

    assert set(TOKENS) == set(get_args(Kind))
    for path in SPECS:
        text = path.read_text(encoding="utf-8")
        tokens = list(SpecLexer().get_tokens(text))
        assert not [value for kind, value in tokens if kind is Error], path
        assert "".join(value for _, value in tokens) == text, path


def test_pygments_gives_the_tokens_of_a_small_sample() -> None:
    pytest.importorskip("pygments", reason="colours of documents need Pygments")
    from nnspec.pygments_lexer import SpecLexer

    tokens = SpecLexer().get_tokens("fc: Linear(2, bias = true)  # two\n")
    assert [(str(kind).removeprefix("Token."), value) for kind, value in tokens if value.strip()] == [
        ("Name.Label", "fc"),
        ("Punctuation", ":"),
        ("Name.Function", "Linear"),
        ("Punctuation", "("),
        ("Literal.Number", "2"),
        ("Punctuation", ","),
        ("Name.Attribute", "bias"),
        ("Operator", "="),
        ("Keyword.Constant", "true"),
        ("Punctuation", ")"),
        ("Comment.Single", "# two"),
    ]  # fmt: skip


def test_the_colours_need_no_pygments() -> None:
    code = "import sys, nnspec.highlight, nnspec.cli.show; assert 'pygments' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
