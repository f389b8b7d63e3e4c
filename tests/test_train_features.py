"""Features of frozen parts, computed once: the same weights as without, and every reason why that cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import nnspec
from nnspec.ir import Program
from nnspec.recipe import caching
from nnspec.run import Run

SPEC = """
block Body {
  c1: Conv2d(4, 3) -> BatchNorm2d -> ReLU -> c2: Conv2d(4, 3) -> ReLU
}
model Extractor {
  input image: float[N, 1, 12, 12]
  scale = Parameter([4], init = 1)
  body: Body
  early = _
  MaxPool2d(2) -> Dropout(0.2) -> top: { Conv2d(6, 3) -> ReLU }
  skipped = early -> AvgPool2d(8) -> Flatten
  top -> Flatten
  output logits = (_, skipped * scale) -> Concat(dim = 1) -> head: Linear(3)
}
train {
  data    = glyphs(samples = 60, characters = "ABC", size = 12)
  freeze  = [body]
  epochs  = 3
  batch   = 16
}
"""
TIED = """
model Tied {
  input tokens: int[N, T <= 8]
  place = Range(T) -> wpe: Embedding(8, 6)
  token = tokens -> wte: Embedding(96, 6)
  token + place -> body: LSTM(6, batch_first = true) -> Linear(6) -> Tanh
  output logits = lm_head: Linear(96, bias = false, weight = wte.weight)
}
train {
  data   = text("t.txt", length = 8)
  loss   = cross_entropy(logits -> Transpose(1, 2), next)
  freeze = [wte, wpe, body]
  epochs = 2
  batch  = 4
}
"""


def train(spec: str, folder: Path, **recipe: object) -> Run:
    path = folder / "spec.nn"
    path.write_text(spec)
    return nnspec.load(path).train(runs=folder / "runs", quiet=True, **recipe)


def same(left: Run, right: Run) -> None:
    one, other = load_file(left.last_weights), load_file(right.last_weights)
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], rtol=1e-4, atol=1e-5)


def divisions(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Program, Program]]:
    """The halves of every program that is divided from here on."""
    found: list[tuple[Program, Program]] = []
    divide = caching.divide

    def watched(*given):  # type: ignore[no-untyped-def]
        made = divide(*given)
        found.append((made.first, made.rest))
        return made

    monkeypatch.setattr(caching, "divide", watched)
    return found


def labels(program: Program) -> list[str]:
    return [label for call in program.main.calls for label in call.labels]


@pytest.mark.parametrize(
    ("freeze", "first"),
    [
        ("[body]", ["body", "3"]),  # pooling is settled, dropout is not
        ("[body.c1]", ["body.c1"]),  # batch normalisation behind it is trained
        ("[body, top]", ["body", "3"]),  # what is frozen behind a dropout is computed each time
    ],
)
def test_weights_are_those_without_a_cache(
    freeze: str, first: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    halves = divisions(monkeypatch)
    plain, cached = (train(SPEC, tmp_path, freeze=freeze, cache_features=wish) for wish in (False, True))
    same(plain, cached)
    assert [label for label in labels(halves[0][0]) if not label.isdigit()] == [x for x in first if not x.isdigit()]
    assert cached.history[-1]["accuracy"] == plain.history[-1]["accuracy"]


def test_a_dropout_that_is_frozen_with_its_part_is_no_boundary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    halves = divisions(monkeypatch)
    spec = SPEC.replace("-> c2: Conv2d(4, 3) -> ReLU\n", "-> c2: Conv2d(4, 3) -> Dropout(0.5)\n")
    same(*(train(spec, tmp_path, cache_features=wish) for wish in (False, True)))
    assert labels(halves[0][0])[0] == "body"


def test_a_weight_that_is_tied_to_a_frozen_one_stays_so_behind_the_boundary(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("".join(chr(32 + (7 * i * i) % 95) for i in range(200)))
    plain, cached = (train(TIED, tmp_path, cache_features=wish) for wish in (False, True))
    same(plain, cached)


def test_a_run_with_cached_features_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    whole = train(SPEC, tmp_path, cache_features=True)
    part = train(SPEC, tmp_path, cache_features=True, epochs=1)
    again = nnspec.resume(part.folder, quiet=True, epochs=3)
    one, other = load_file(whole.last_weights), load_file(again.last_weights)
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize(
    ("recipe", "reason"),
    [
        ({"freeze": "[head]"}, "nothing that is frozen comes before what is trained"),
        ({"freeze": "[]"}, "nothing that is frozen comes before what is trained"),
        ({"augment": "random_flip"}, "`augment` changes the samples each time"),
        ({"thaw": 1}, "`thaw` trains the frozen parts later"),
    ],
)
def test_what_changes_from_epoch_to_epoch_cannot_be_cached(
    recipe: dict[str, object], reason: str, tmp_path: Path
) -> None:
    with pytest.raises(nnspec.SpecError, match=reason) as caught:
        train(SPEC, tmp_path, cache_features="true", **recipe)
    (found,) = caught.value.diagnostics
    assert found.code == "E0626" and found.span is not None and found.help


def test_features_that_depend_on_other_samples_cannot_be_cached(tmp_path: Path) -> None:
    mixing = SPEC.replace("  early = _", "  _ - mean(_, dim = 0, keepdim = true)\n  early = _")
    with pytest.raises(nnspec.SpecError, match="depend on the other samples of its batch"):
        train(mixing, tmp_path, cache_features=True)


def test_the_first_blocks_of_a_repeat_are_cached_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    halves = divisions(monkeypatch)
    spec = """
block Layer: x, shift {
  residual { norm: LayerNorm -> fc: Linear(2) }
  _ + shift
}
model Deep {
  input features: float[N, 2]
  shift = features * 0.1
  (features, shift) -> h: 4 x Layer
  output logits = head: Linear(2)
}
train {
  data   = spirals(samples = 60)
  freeze = ["h.0", "h.1"]
  epochs = 2
}
"""
    same(*(train(spec, tmp_path, cache_features=wish) for wish in (False, True)))
    assert [labels(half) for half in halves[0]] == [["h.0", "h.1"], ["h.2", "h.3", "head"]]
