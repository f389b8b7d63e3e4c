"""Networks made at random, always sound: what must hold for every one of them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

import nnspec
from nnspec import Model
from nnspec.dims import substitute
from nnspec.ir import state
from nnspec.ir.verify import verify

WIDTHS = st.sampled_from([2, 4, 6])
SIMPLE = st.one_of(
    st.sampled_from(["ReLU", "BatchNorm2d", "_ * 2 + 1", "tanh(_)", "[N, C, H, W]", "Dropout(0.5)", "Identity"]),
    st.tuples(WIDTHS, st.sampled_from([1, 3, 5])).map(lambda x: f"Conv2d({x[0]}, {x[1]}, padding = {x[1] // 2})"),
    WIDTHS.map(lambda width: f"Unit({width})"),
)
SMALLER = st.one_of(
    st.tuples(WIDTHS, st.integers(1, 3), st.integers(1, 3), st.integers(0, 1)).map(
        lambda x: f"Conv2d({x[0]}, {x[1]}, stride = {x[2]}, padding = {min(x[3], x[1] // 2)})"
    ),
    st.sampled_from(
        ["MaxPool2d(2)", "MaxPool2d(3, stride = 2, padding = 1, ceil_mode = true)", "AvgPool2d(2, stride = 1)"]
    ),
)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Steps around steps that keep height and width."""
    return st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(" -> ".join),
        inner.map(lambda x: f"{{ {x} }}"),
        inner.map(lambda x: f"concat {{ {x} ; _ }}"),
        st.tuples(inner, inner).map(lambda x: f"concat {{ {x[0]} ; {{ {x[1]} }} }}"),
        inner.map(lambda x: f"residual {{ {x} -> Conv2d(4, 1) }} skip {{ Conv2d(4, 1) }}"),
        st.tuples(st.integers(1, 4), inner).map(lambda x: f"{x[0]} x {{ {x[1]} -> Conv2d(4, 1) }}"),
    )


KEEPING = st.recursive(SIMPLE, nested, max_leaves=4).filter(lambda text: "[N, C" not in text or text == "[N, C, H, W]")
BODIES = st.lists(st.one_of(KEEPING, SMALLER), min_size=1, max_size=5)
BLOCK = "block Unit(width) {\n  Conv2d(width, 1) -> norm: BatchNorm2d\n  ReLU\n}\n"


def text(lines: list[str]) -> str:
    """A model of these statements."""
    lines = [line for index, line in enumerate(lines) if "[N, C" not in line or index == 0]
    return BLOCK + "model M {\n  input image: float[N, 3, height, width]\n  " + "\n  ".join(lines) + "\n}\n"


def weights(made: Model) -> list[tuple[str, tuple[int, ...]]]:
    """The `state_dict`, in order."""
    return [(entry.key, entry.weight.shape) for entry in state.state_dict(made.program)]


@settings(max_examples=120, derandomize=True, deadline=None)
@given(BODIES, st.integers(40, 70), st.integers(40, 70))
def test_a_network_of_any_size_is_the_one_of_each_size(lines: list[str], height: int, width: int) -> None:
    symbolic = nnspec.loads(text(lines))
    concrete = nnspec.loads(text(lines), inputs={"image": (2, 3, height, width)})
    assert weights(symbolic) == weights(concrete)
    sizes = {"N": 2, "height": height, "width": width}
    for before, after in zip(symbolic.program.main.output_types, concrete.program.main.output_types, strict=True):
        assert tuple(substitute(size, sizes) for size in before.shape) == after.shape


@settings(max_examples=120, derandomize=True, deadline=None)
@given(BODIES)
def test_every_program_is_consistent_and_survives_json(lines: list[str]) -> None:
    made = nnspec.loads(text(lines))
    verify(made.program)
    assert nnspec.from_json(made.to_json()).program == made.program
    elements = sum(entry.weight.elements for entry in state.state_dict(made.program) if not entry.weight.buffer)
    assert state.totals(made.program)[made.program.entry].parameters == elements


@settings(max_examples=80, derandomize=True, deadline=None)
@given(KEEPING, st.integers(1, 4))
def test_a_repeat_is_the_step_written_so_often(step: str, count: int) -> None:
    group = f"{{ Conv2d(4, 1) -> {step} }}" if "[N, C" not in step else "{ Conv2d(4, 1) }"
    folded = nnspec.loads(text([f"{count} x {group}"]))
    written = nnspec.loads(text([" -> ".join([group] * count)]))
    assert weights(folded) == weights(written)
    assert folded.program.main.output_types == written.program.main.output_types


@settings(max_examples=80, derandomize=True, deadline=None)
@given(BODIES)
def test_comments_and_blank_lines_change_nothing(lines: list[str]) -> None:
    plain = text(lines)
    spread = plain.replace("\n", '  # a comment { ( "\n\n\r\n').replace(" -> ", "\n\n  # on\n  -> ")
    assert weights(nnspec.loads(plain)) == weights(nnspec.loads(spread))


@settings(max_examples=60, derandomize=True, deadline=None)
@given(BODIES)
def test_a_block_is_its_body(lines: list[str]) -> None:
    plain = text(lines)
    body = plain[plain.index("width]\n") + 7 : plain.rindex("}")]
    wrapped = (
        f"{BLOCK}block Body {{\n{body}}}\nmodel M {{\n  input image: float[N, 3, height, width]\n  inner: Body\n}}\n"
    )
    outer, inner = nnspec.loads(wrapped), nnspec.loads(plain)
    assert weights(outer) == [(f"inner.{key}", shape) for key, shape in weights(inner)]
    assert outer.program.main.output_types == inner.program.main.output_types
