"""The grammar, its shipped tables, and the places of the nodes that come from them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import lark
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nnspec
from nnspec.diagnostics import Sink, Source
from nnspec.highlight import KEYWORDS
from nnspec.limits import Limits
from nnspec.resources import folder, grammar_text
from nnspec.syntax import build, tables
from nnspec.syntax import tree as t
from nnspec.syntax.parse import parse, parse_expression

SPECS = sorted((Path(__file__).parent.parent / "specs").rglob("*.nn"))


def tree_of(text: str) -> t.File:
    """The tree of a text without mistakes."""
    sink = Sink()
    file = parse(Source("text", text), sink)
    assert not sink.found, sink.found
    return file


def expression(text: str) -> t.Expression:
    """The tree of one expression."""
    sink = Sink()
    node = parse_expression(Source("text", text), sink)
    assert node is not None and not sink.found
    return node


def nodes(value: object) -> Iterator[t.Node]:
    """A node and all nodes below it."""
    if isinstance(value, t.Node):
        yield value
        for name in value.record_fields[2:]:
            yield from nodes(getattr(value, name))
    elif isinstance(value, tuple):
        for item in value:
            yield from nodes(item)


def without_places(value: object) -> object:
    """A tree as nested tuples of types and fields, to compare what was read from different places."""
    if isinstance(value, t.Node):
        return (type(value).__name__, *(without_places(getattr(value, name)) for name in value.record_fields[2:]))
    return tuple(map(without_places, value)) if isinstance(value, tuple) else value


def test_the_shipped_tables_are_those_of_the_grammar() -> None:
    assert build.digest() == tables.GRAMMAR
    fresh, shipped = (
        lark.Lark(build.grammar_text(), **build.OPTIONS),
        lark.Lark._load_from_dict(tables.DATA, tables.MEMO),
    )
    for text in ('a + [1, 2.5][0] * -b(c = "d") ** 2', "not a.b == none and x"):
        assert fresh.parse(text, start="interpolation") == shipped.parse(text, start="interpolation")


def test_the_grammar_has_no_conflicts(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG, "lark"):
        lark.Lark(build.grammar_text(), **build.OPTIONS, debug=True)  # a reduce-reduce conflict raises
        assert "onflict" not in caplog.text
        lark.Lark('start: "i" start | "i" start "e" start | "a"', parser="lalr", debug=True)
        assert "Shift/Reduce conflict" in caplog.text  # so it would be told


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_zoo_is_read_and_every_node_lies_inside_its_parent(path: Path) -> None:
    file = tree_of(path.read_text(encoding="utf-8"))
    for parent in nodes(file):
        for name in parent.record_fields[2:]:
            for child in nodes(getattr(parent, name)):
                assert parent.start <= child.start < child.end <= parent.end


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_text_of_every_node_reads_as_that_node(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for node in nodes(tree_of(text)):
        written = text[node.start : node.end]
        if isinstance(node, (t.Name, t.Number, t.Text, t.ListOf, t.Postfix, t.Operation, t.Negate, t.Not, t.Constant)):
            assert without_places(expression(written)) == without_places(node)
        elif isinstance(node, (t.Chain, t.Bind, t.Input, t.Output, t.Require, t.If, t.For, t.Training)):
            (model,) = tree_of(f"model M {{\n{written}\n}}").declarations
            assert isinstance(model, t.Model) and isinstance(model.body, t.Body)
            assert without_places(model.body.statements) == (without_places(node),)
        elif isinstance(node, (t.Block, t.Model, t.Import)):
            (again,) = tree_of(written).declarations
            fields = [name for name in node.record_fields[2:] if name != "documentation"]
            assert [without_places(getattr(again, x)) for x in fields] == [
                without_places(getattr(node, x)) for x in fields
            ]
        elif isinstance(node, t.Identifier):
            assert written == node.text


OPERANDS = st.sampled_from(["a", "B2", "1", "2.5", "1e-3", '"text"', "true", "none", "[1, a]", "f(x, k = 2)",
                            "v[0, 1:, ...]",
                            "a.b.c", "(a, b -> C)", "_"])  # fmt: skip
EXPRESSIONS = st.recursive(
    OPERANDS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+ - * / // % @ ** == != < <= and or".split()), inner).map(
            lambda x: f"({x[0]}) {x[1]} ({x[2]})"
        ),
        inner.map(lambda x: f"-({x})"),
        inner.map(lambda x: f"not ({x})"),
        inner.map(lambda x: f"[{x}, ({x})]"),
        inner.map(lambda x: f"Layer({x}, name = {x})"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(EXPRESSIONS)
def test_expressions_do_not_depend_on_blanks(text: str) -> None:
    spaced = text.replace(" ", "  ").replace("(", "( ").replace(",", " ,\n\t")
    assert without_places(expression(text)) == without_places(expression(spaced))


STEPS = st.recursive(
    st.sampled_from(["ReLU", "conv: Conv2d(8, 3)", '"unit{i}": Unit(i)', "(a, b)", "x * 2 + 1", "[N, C, H, W]", "_"]),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda x: "{ " + " ; ".join(x) + " }"),
        inner.map(lambda x: f"residual {{ {x} }} skip {{ {x} }}"),
        inner.map(lambda x: f"concat(dim = 1) {{ {x} ; _ }}"),
        inner.map(lambda x: f"h: 3 x {{ {x} }}"),
        st.tuples(inner, inner).map(lambda x: f"{x[0]} -> {x[1]}"),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    STEPS,
    STEPS.map(lambda x: f"y = {x}"),
    STEPS.map(lambda x: f"output y = {x}"),
    STEPS.map(lambda x: f"if a == 1 {{ {x} }} else if b {{ {x} }} else {{ }}"),
    STEPS.map(lambda x: f"for i, j in pairs {{ {x} }}"),
    STEPS.map(lambda x: f"training {{ {x} }}"),
    EXPRESSIONS.map(lambda x: f"v = {x}"),
    EXPRESSIONS.map(lambda x: f'require {x}, "words"'),
)


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.lists(STATEMENTS, min_size=1, max_size=4))
def test_statements_end_with_the_line_or_a_semicolon(statements: list[str]) -> None:
    lines = tree_of("model M {\n  " + "\n\n  ".join(statements) + " # the last\n}\n")
    one_line = tree_of("model M { " + " ; ".join(statements) + " }")
    assert without_places(lines) == without_places(one_line)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(STEPS)
def test_a_line_may_begin_with_an_arrow(step: str) -> None:
    one_line = tree_of(f"model M {{\n  A -> {step} -> B\n}}")
    assert without_places(tree_of(f"model M {{\n  A\n\n  # why\n    -> {step}\n    -> B\n}}")) == without_places(
        one_line
    )


def test_words_of_the_language_are_names_where_no_statement_begins() -> None:
    (block,) = tree_of("block B: x, skip { x -> skip\n x: x * skip\n (x, skip) -> in }").declarations
    assert isinstance(block, t.Block)
    assert [each.name.text for each in block.inputs] == ["x", "skip"]


def test_the_comment_above_a_declaration_is_its_documentation() -> None:
    one, two = tree_of("# Far away.\n\n# Near,\n#and nearer.\nblock A { }\nblock B { } # behind\n").declarations
    assert isinstance(one, t.Block) and isinstance(two, t.Block)
    assert (one.documentation, two.documentation) == ("Near,\nand nearer.", "")


def test_strings_hold_escapes_and_expressions() -> None:
    node = expression(r'"a\"\\\n\{{i + 1}\}"')
    assert isinstance(node, t.Text)
    first, inner, last = node.parts[:-2][0], node.parts[-2], node.parts[-1]
    assert first == "a" and last == "}"
    assert isinstance(inner, t.Operation)
    assert r'"a\"\\\n\{{i + 1}\}"'[inner.start : inner.end] == "i + 1"


def test_operators_bind_as_in_python() -> None:
    assert without_places(expression("-a ** 2")) == without_places(expression("-(a ** 2)"))
    assert without_places(expression("a + b * c - d")) != without_places(expression("(a + b) * c - d"))
    assert without_places(expression("not a == b")) == without_places(expression("not (a == b)"))
    assert without_places(expression("a or b and c")) == without_places(expression("a or (b and c)"))


def test_declarations_around_a_broken_one_are_read() -> None:
    sink = Sink()
    text = "block A { }\nblock B { -> -> }\nimport X, Y as Z from 3\nblock C { }\n"
    file = parse(Source("text", text), sink)
    assert [each.name.text for each in file.declarations if isinstance(each, t.Block)] == ["A", "C"]
    assert {"B", "X", "Z"} <= set(file.broken)
    assert len(sink.errors) == 2


def test_limits_count_the_whole_file() -> None:
    sink = Sink()
    parse(Source("text", "block A { }\n" * 10), sink, Limits(tokens=30))
    assert [found.diagnostic.code for found in sink.found] == ["E0106"]


def test_several_threads_may_read_at_once() -> None:
    texts = [f'model M{n} {{ input x: float[N, {n}]; Linear({n}) -> "a{{n}}": ReLU }}' for n in range(1, 40)]

    def names(text: str) -> list[str]:
        sink = Sink()
        return [d.name.text for d in parse(Source("text", text), sink).declarations if isinstance(d, t.Model)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(names, texts)) == [[f"M{n}"] for n in range(1, 40)]


def test_editors_and_terminals_colour_every_keyword() -> None:
    """What editors colour (grammar/nnspec.tmLanguage.json) are the words of the Lark grammar, all of them."""
    words = set(re.findall(r'"([a-z]{2,})"', grammar_text()))
    words |= {word for group in re.findall(r"/\(([a-z|]+)\)\\b", grammar_text()) for word in group.split("|")}
    editor = (folder("grammar") / "nnspec.tmLanguage.json").read_text(encoding="utf-8")
    patterns = [pattern["match"] for pattern in json.loads(editor)["patterns"] if "match" in pattern]
    for pattern in patterns:
        re.compile(pattern)
    coloured = {
        word for pattern in patterns for group in re.findall(r"\(([a-z|]+)\)", pattern) for word in group.split("|")
    }
    assert words <= coloured
    assert coloured <= words | {"float", "int", "bool"}
    assert words == KEYWORDS


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(nnspec.SpecError, match=r"E0105.*(?s:.*)not UTF-8"):
        nnspec.loads("# \ud800\nmodel M { input x: float[N]; ReLU }")


@pytest.mark.parametrize(
    "label",
    ["output.dense", "model.0", "x.1", "input", "if.0.else", "add.concat", "none.true", "0", "0.1", "layer1.0.3x3.1",
     "features.denseblock1.norm", "train.let", "else.1", "scan", "not.x"],
)  # fmt: skip
def test_words_of_the_language_and_numbers_are_parts_of_labels(label: str) -> None:
    text = f"model M {{\n  input x: float[N, 4]\n  {label}: Linear(4) -> y.{label} : ReLU\n  {label} : Linear(4)\n}}"
    (model,) = tree_of(text).declarations
    labels = [node for node in nodes(model) if isinstance(node, t.Item) and node.label is not None]
    assert [each.label.text for each in labels if isinstance(each.label, t.Identifier)] == [label, f"y.{label}", label]


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a if b else c if d else e", "a if b else (c if d else e)"),
        ("a + 1 if not b or c else -d", "(a + 1) if ((not b) or c) else (-d)"),
        ("f(a if b else c, k = 1 if d else 2)", "f((a if b else c), k = (1 if d else 2))"),
        ("[a if b else c, 2]", "[(a if b else c), 2]"),
    ],
)
def test_a_conditional_expression_binds_as_in_python(text: str, same: str) -> None:
    assert without_places(expression(text)) == without_places(expression(same))


@pytest.mark.parametrize(
    "line",
    [
        "x -> A if c else B",
        "A if c else B -> C",
        "3 x A if c else B",
        "y = A -> B if c else C",
        "f(A -> B if c else C)",
    ],
)
def test_a_conditional_among_steps_needs_parentheses(line: str) -> None:
    sink = Sink()
    parse(Source("text", f"model M {{ {line} }}"), sink)
    (found,) = sink.found
    assert "stands in parentheses" in (found.diagnostic.help or "")
