"""`export --cache --triton`: what a language model keeps stays in the server, and a client sends tokens only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from test_sample import ALPHABET, GPT, LSTM, MASKED, STACKS, TIME_FIRST, TRANSLATE, TWO, stored
from triton_rules import broken
from triton_schema import parsed
from triton_server import Server

import nnspec
from nnspec.cli.main import main
from nnspec.to_onnx import export

BOTH = """
model Tiny {
  input tokens: int[N, T]
  lstm: Embedding(20, 8) -> LSTM(8, batch_first = true)
  heads = _ -> Rearrange("n t (h d) -> n h t d", h = 2)
  attention(rotary(heads), rotary(heads), heads, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(20)
}
"""
SPECS = {"attention": GPT, "a mask": MASKED, "LSTM": LSTM, "time first": TIME_FIRST, "LSTM and attention": BOTH}
PROMPT, LENGTH = "bad cab", 9


def served(model: nnspec.Model, weights: Path) -> None:
    """Export the model as one that decodes, and its encoder."""
    made = model.cached()
    for part in filter(None, (made, made.encoder)):
        part.export_triton("served", weights, verify=False)


def letters(tokens: list[int]) -> str:
    return "".join(ALPHABET[token] for token in tokens)


def likeliest(scores: Any) -> int:
    return int(scores.reshape(-1, scores.shape[-1])[-1, : len(ALPHABET)].argmax())


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", SPECS)
def test_a_client_that_sends_tokens_writes_what_sample_writes(name: str) -> None:
    model = nnspec.loads(SPECS[name])
    weights = stored(model, Path("weights.safetensors"), classes=list(ALPHABET))
    served(model, weights)
    server = Server(Path("served"))
    (tokens,), (scores,) = (getattr(parsed(Path("served/Tiny/config.pbtxt")), each) for each in ("input", "output"))
    along = list(tokens.dims).index(-1)
    new, written = [ALPHABET.index(letter) for letter in PROMPT], []
    for step in range(LENGTH):
        # A second sequence in between: what is kept of one is not touched by another.
        for sequence, given in ((7, new), (8, [step])):
            request = {tokens.name: np.expand_dims(np.array(given), 1 - along)}
            result = server.infer("Tiny", request, sequence, start=step == 0)[scores.name]
            if sequence == 7:
                new = [likeliest(result)]
        written += new
    assert model.sample(weights, PROMPT, length=LENGTH, temperature=0)[0].endswith(letters(written))


def test_an_encoder_is_a_model_beside_it_and_its_output_goes_along_with_the_tokens() -> None:
    model = nnspec.loads(STACKS)
    weights = stored(model, Path("weights.safetensors"), seed=8, vocabularies=TWO)
    served(model, weights)
    server = Server(Path("served"))
    source = np.array([[TWO["source"].index(letter) for letter in "bad cafe"]])
    memory = server.infer("TinyEncoder", {server.configs["TinyEncoder"].input[0].name: source})
    names = {port.name for port in server.configs["Tiny"].input}
    (tokens,) = names - {*memory}
    new, written = [ALPHABET.index("a")], []
    for step in range(LENGTH):
        request = {tokens: np.array([new]), **{name: memory[name] for name in names - {tokens}}}
        new = [likeliest(server.infer("Tiny", request, 1, start=step == 0)[server.configs["Tiny"].output[0].name])]
        written += new
    texts = model.sample(weights, "a", length=LENGTH, temperature=0, source="bad cafe")
    assert texts[0].endswith(letters(written)) and len(set(written)) > 1


def test_what_begins_with_something_else_than_zeros_stays_with_the_client() -> None:
    Path("tiny.nn").write_text(TRANSLATE)
    result = CliRunner().invoke(main, ["export", "tiny.nn", "--cache", "--triton", "served", "--no-verify"])
    assert result.exit_code == 0, result.output
    assert "  note: a client gives back what the model keeps: past." in result.stdout
    assert "begins with what the encoder gives, and Triton begins with zeros" in result.stdout
    assert broken(Path("served")) == []
    config = parsed(Path("served/Tiny/config.pbtxt"))
    assert not config.HasField("sequence_batching") and any(each.name.startswith("past.") for each in config.input)


def test_a_sequence_says_so_and_its_rules_are_checked() -> None:
    Path("tiny.nn").write_text(BOTH)
    result = CliRunner().invoke(main, ["export", "tiny.nn", "--cache", "--triton", "served"])
    assert result.exit_code == 0, result.output
    assert "Triton keeps 4 tensors of each sequence; a client sends the next tokens, and an id\n" in result.stdout
    file = Path("served/Tiny/config.pbtxt")
    text = file.read_text()
    for old, new, rule in (
        ("int32_false_true: [ 0, 1 ]", "int32_false_true: [ 0 ]", "what is false"),
        ("sequence.start", "start", "not both inputs"),
        ("dims: [ 1, 2, 1, 4 ]", "dims: [ 1, 2, 0, 4 ]", "begins with something else"),
        ("dims: [ 1, 2, 1, 4 ]", "dims: [ 1, 2, 5, 4 ]", "whatever is written"),
    ):
        assert old in text
        file.write_text(text.replace(old, new))
        assert any(rule in each for each in broken(Path("served"))), rule


def test_a_large_model_keeps_its_weights_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "LARGEST", 1 << 10)
    nnspec.loads(BOTH).cached().export_triton("served", functions=True)
    assert sorted(path.name for path in Path("served/Tiny/1/model.onnx").iterdir()) == ["model.onnx", "model.onnx.data"]
    result = Server(Path("served")).infer("Tiny", {"tokens": np.array([[1, 2, 3]])}, 1, start=True)
    assert result["logits"].shape == (1, 3, 20)
