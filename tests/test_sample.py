"""`nnspec sample`: texts from language models, by PyTorch and by onnxruntime, from runs, weights and ONNX files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from safetensors.torch import save_file

import nnspec
from nnspec.cli.main import main
from nnspec.diagnostics import SpecError
from nnspec.infer.vocabulary import Characters, Tokens
from nnspec.sample.choose import Sampling
from nnspec.sample.opening import open_model, open_onnx
from nnspec.sample.pieces import pieces
from nnspec.sample.text import Request, TextSampler

ALPHABET = "\n abcdefghijklmnop"
CONTEXT = 24
GPT = f"""
import GPT2 from "zoo/gpt2.nn"
model Tiny = GPT2(layers = 2, width = 16, heads = 2, vocab = 20, context = {CONTEXT}, dropout = 0.0)

train {{
  data   = text("book.txt", length = 12)
  scores = logits -> Transpose(1, 2)
  loss   = cross_entropy(scores, next)
  epochs = 1
  batch  = 8
}}
"""
LSTM = """
model Tiny {
  input tokens: int[N, T]
  rnn: Embedding(20, 8) -> LSTM(12, batch_first = true)
  output logits = Linear(20)
}
"""
TIME_FIRST = """
model Tiny {
  input tokens: int[T, N]
  Embedding(20, 8) -> GRU(12, num_layers = 2) -> Linear(20)
  output scores = Flatten(0, 1) -> LogSoftmax(1)
}
"""
MASKED = """
model Tiny {
  input tokens: int[N, T]
  seen = (tokens != 1) -> Unsqueeze(1) -> Unsqueeze(1)
  heads = tokens -> Embedding(20, 8) -> Rearrange("n t (h d) -> n h t d", h = 2)
  attention(rotary(heads), rotary(heads), heads, mask = seen, causal = true) -> Rearrange("n h t d -> n t (h d)")
  output logits = Linear(20)
}
"""
TRANSLATE = """
import Seq2SeqAttention from "zoo/seq2seq_attention.nn"
model Tiny = Seq2SeqAttention(source_vocab = 9, target_vocab = 20, width = 8, hidden = 12, dropout = 0.0)
"""
STACKS = """
import Transformer from "zoo/transformer.nn"
model Tiny = Transformer(depth = 2, width = 8, heads = 2, hidden = 16, vocab = 20, dropout = 0.0)
"""
TWO = {"source": list("abcdefg h"), "target": list(ALPHABET)}
SPECS = {"attention": GPT, "attention with a mask": MASKED, "LSTM": LSTM, "GRU, time first": TIME_FIRST}
GREEDY = Sampling(temperature=0.0)


def stored(model: nnspec.Model, path: Path, seed: int = 1, **metadata: Any) -> Path:
    """Weights that are no better than random, far enough from zero for texts that do not repeat one letter."""
    torch.manual_seed(seed)
    state = {key: 3 * value.detach() for key, value in model.to_torch().state_dict().items()}
    apart = {key: value.clone().contiguous() for key, value in state.items()}
    save_file(apart, path, {f"nnspec.{key}": json.dumps(value) for key, value in metadata.items()})
    return path


@pytest.fixture(params=SPECS)
def model(request: pytest.FixtureRequest) -> nnspec.Model:
    return nnspec.loads(SPECS[request.param])


@pytest.fixture
def weights(model: nnspec.Model, tmp_path: Path) -> Path:
    return stored(model, tmp_path / "weights.safetensors", classes=list(ALPHABET))


def sampler(model: nnspec.Model, weights: Path, **options: Any) -> TextSampler:
    return open_model(model.program, weights, model.sources, **options)


def nnspec_command(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def greedily(model: nnspec.Model, weights: Path, prompt: str, length: int) -> str:
    """The likeliest text, with all tokens read again for each new one."""
    module = model.to_torch(weights).eval()
    time_first = str(model.program.main.input_types[0]) == "[T, N]"
    tokens = [ALPHABET.index(character) for character in prompt]
    for _ in range(length):
        with torch.no_grad():
            scores = module(torch.tensor(tokens).reshape((-1, 1) if time_first else (1, -1)))
        scores = scores[0] if isinstance(scores, tuple) else scores
        tokens.append(int(scores.reshape(len(tokens), -1)[-1, : len(ALPHABET)].argmax()))
    return "".join(ALPHABET[token] for token in tokens)


def test_greedy_texts_are_those_that_the_whole_model_gives(model: nnspec.Model, weights: Path, tmp_path: Path) -> None:
    request = Request("a bad cab", 12, choice=GREEDY)
    text = "".join(sampler(model, weights).stream(request))
    assert text == greedily(model, weights, request.prompt, request.length)
    assert len(set(text)) > 3


def test_pytorch_and_onnxruntime_write_the_same(model: nnspec.Model, weights: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    model.cached().export_onnx(file, weights, verify=False)
    samplers = [sampler(model, weights), sampler(model, weights, onnx=True), open_onnx(file)]
    for request in (
        Request("a bad cab", 3 * CONTEXT, choice=GREEDY),  # beyond the context
        Request("a bad cab" * 5, 3, choice=GREEDY),  # the prompt itself is
        Request("", 30, count=3, choice=Sampling(0.8, 5, 0.9), seed=7),
    ):
        texts = [each.texts(request) for each in samplers]
        assert texts[0] == texts[1] == texts[2]
        assert all(len(text) == len(request.prompt) + request.length for text in texts[0])
        assert [each.slides(request) for each in samplers] == [samplers[0].slides(request)] * 3


def test_beyond_the_context_the_model_goes_on_from_the_last_half_of_it(tmp_path: Path) -> None:
    model = nnspec.loads(GPT)
    weights = stored(model, tmp_path / "weights.safetensors", classes=list(ALPHABET))
    prompt = ("a bad cab " * 3)[:CONTEXT]
    text = "".join(sampler(model, weights).stream(Request(prompt, 2, choice=GREEDY)))
    first = greedily(model, weights, prompt, 1)
    assert text == first + greedily(model, weights, first[-CONTEXT // 2 :], 1)[-1]


@pytest.mark.parametrize("text", [TRANSLATE, STACKS], ids=["recurrent", "attention"])
def test_what_an_encoder_reads_is_read_once_and_translated(text: str, tmp_path: Path) -> None:
    model = nnspec.loads(text)
    weights, file = stored(model, tmp_path / "w.safetensors", seed=3, vocabularies=TWO), tmp_path / "model.onnx"
    result = nnspec_command(
        "export", str(spec(tmp_path, text)), "--weights", str(weights), "--cache", "--onnx", str(file)
    )
    assert result.exit_code == 0, result.output
    samplers = [sampler(model, weights), sampler(model, weights, onnx=True), open_onnx(file)]
    request = Request("a", 9, choice=GREEDY, source="bad cafe")
    texts = [each.texts(request)[0] for each in samplers]
    assert texts == [translated(model, weights, request)] * 3
    assert texts[0] != samplers[0].texts(request.replace(source="cab"))[0]
    several = request.replace(count=3, choice=Sampling(0.8), seed=5)
    assert samplers[0].texts(several) == samplers[1].texts(several)
    printed = nnspec_command(
        "sample", str(file), "--source", "bad cafe", "--prompt", "a", "--length", "9", "--temperature", "0"
    )
    assert printed.stdout == f"{texts[0]}\n"


def spec(folder: Path, text: str) -> Path:
    path = folder / "model.nn"
    path.write_text(text)
    return path


def translated(model: nnspec.Model, weights: Path, request: Request) -> str:
    """The likeliest translation, with all of it read again for each new token."""
    module = model.to_torch(weights).eval()
    time_first = str(model.program.main.input_types[0]) == "[S, N]"
    shape = (-1, 1) if time_first else (1, -1)
    source = torch.tensor([TWO["source"].index(each) for each in request.source]).reshape(shape)
    tokens = [ALPHABET.index(each) for each in request.prompt]
    for _ in range(request.length):
        given = torch.tensor([*tokens, *[0] * time_first]).reshape(shape)  # the last one is not read
        with torch.no_grad():
            scores = module(source, given)
        scores = scores[0] if isinstance(scores, tuple) else scores
        tokens.append(int(scores.reshape(len(tokens), -1)[-1, : len(ALPHABET)].argmax()))
    return "".join(ALPHABET[token] for token in tokens)


def test_the_same_seed_gives_the_same_texts_whatever_their_number(model: nnspec.Model, weights: Path) -> None:
    opened = sampler(model, weights)
    three = opened.texts(Request("ab", 20, count=3, seed=1))
    assert three == opened.texts(Request("ab", 20, count=3, seed=1))
    assert three[:2] == opened.texts(Request("ab", 20, count=2, seed=1))
    assert three[0] == "".join(opened.stream(Request("ab", 20, seed=1)))
    assert three == model.sample(weights, "ab", length=20, count=3, seed=1)
    assert three != opened.texts(Request("ab", 20, count=3, seed=2))
    assert len(set(three)) == 3


def shares(choice: Sampling, scores: list[float], draws: int = 4000) -> list[float]:
    random = np.random.default_rng(0)
    drawn = [choice.token(np.array(scores, np.float32), random) for _ in range(draws)]
    return [drawn.count(token) / draws for token in range(len(scores))]


def test_tokens_are_drawn_by_their_probabilities() -> None:
    scores = [1.0, 3.0, 2.0, -40.0]
    for choice, kept in (
        (Sampling(), [0, 1, 2]),
        (Sampling(temperature=0.5), [0, 1, 2]),
        (Sampling(top_k=2), [1, 2]),
        (Sampling(top_p=0.7), [1, 2]),  # the likeliest has 0.665, which is less
        (Sampling(top_p=0.6), [1]),
        (Sampling(top_k=3, top_p=0.1), [1]),
        (Sampling(temperature=0.0, top_k=3), [1]),
    ):
        wanted = np.zeros(4)
        wanted[kept] = np.exp(np.array(scores)[kept] / (choice.temperature or 1))
        np.testing.assert_allclose(shares(choice, scores), wanted / wanted.sum(), atol=0.025)


def test_infinite_scores_are_never_chosen() -> None:
    assert shares(Sampling(), [0.0, -np.inf], 100) == [1.0, 0.0]


def test_a_run_is_sampled_from_with_its_best_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_text("a bad cab\nan egg and a hog\n" * 60)
    Path("tiny.nn").write_text(GPT)
    assert nnspec_command("train", "tiny.nn", "--name", "tiny").exit_code == 0
    result = nnspec_command("sample", "runs/tiny", "--prompt", "a bad", "--length", "10", "--temperature", "0")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("a bad") and len(result.stdout) == len("a bad") + 10 + 1
    own = nnspec_command("sample", "tiny.nn", "--weights", "runs/tiny/best.safetensors", "--prompt", "a bad",
                         "--length", "10", "--temperature", "0", "--onnx")  # fmt: skip
    assert own.stdout == result.stdout
    several = nnspec_command("sample", "runs/tiny", "--count", "2", "--length", "40")
    assert several.stdout.startswith("--- 1 ---\n") and "\n--- 2 ---\n" in several.stdout
    assert (
        several.stderr == f"note: the model takes {CONTEXT} tokens: when they are full, it reads the last half again\n"
    )
    Path("runs/tiny/best.safetensors").unlink()
    Path("runs/tiny/last.safetensors").unlink()
    assert "error[E1008]: runs/tiny: there are no weights in it yet" in nnspec_command("sample", "runs/tiny").stderr


def test_what_cannot_be_sampled_from_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = nnspec.loads(LSTM)
    Path("model.nn").write_text(LSTM)
    stored(model, Path("w.safetensors"), classes=list(ALPHABET))
    stored(model, Path("bare.safetensors"))
    Path("translate.nn").write_text(TRANSLATE)
    stored(nnspec.loads(TRANSLATE), Path("two.safetensors"), vocabularies=TWO)
    stored(model, Path("many.safetensors"), classes=[chr(0x4E00 + i) for i in range(30)])
    model.export_onnx("plain.onnx", "w.safetensors", verify=False)
    for arguments, message in (
        (("model.nn", "--weights", "bare.safetensors"), "E1004]: bare.safetensors holds no vocabulary"),
        (
            ("model.nn", "--weights", "many.safetensors"),
            "E1005]: the vocabulary has 30 tokens, and the model scores 20",
        ),
        (
            ("model.nn", "--weights", "w.safetensors", "--prompt", "Z"),
            "E0811]: the model does not know the character 'Z'",
        ),
        (("plain.onnx",), "E1006]: plain.onnx cannot be decoded with: it keeps nothing of the tokens"),
        (("absent.onnx",), "E0801]: cannot run the model absent.onnx"),
        (("resnet50", "--weights", "w.safetensors"), "E1002]: ResNet50 is no language model"),
        (
            ("model.nn", "--weights", "w.safetensors", "--source", "a"),
            "E0268]: the model reads no other text than the one that it writes",
        ),
        (
            ("translate.nn", "--weights", "two.safetensors"),
            "E0267]: the model reads a text before it writes one, its input source, and there is none",
        ),
    ):
        result = nnspec_command("sample", *arguments)
        assert result.exit_code == 1
        assert message in result.stderr
    for arguments in (("model.nn",), ("plain.onnx", "--weights", "w.safetensors"), (".", "--set", "a=1")):
        assert nnspec_command("sample", *arguments).exit_code == 2


def test_pieces_of_a_tokenizer_make_the_text_of_all_tokens() -> None:
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=270, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    text = "an egg, a hog — 日本語 and naïve\n"
    tokenizer.train_from_iterator([text], trainer)
    vocabulary = Tokens(tokenizer)
    numbers = vocabulary.encode(text)
    assert "".join(pieces(vocabulary, numbers[:1], numbers[1:])) == text[len(vocabulary.decode(numbers[:1])) :]
    assert len(list(pieces(vocabulary, numbers[:1], numbers[1:]))) < len(numbers) - 1  # some are parts of characters


def test_characters_are_read_and_written() -> None:
    vocabulary = Characters(ALPHABET)
    assert vocabulary.decode(vocabulary.encode("a bad cab")) == "a bad cab"
    with pytest.raises(SpecError):
        vocabulary.encode("A")


WHISPER = """
import Whisper from "zoo/whisper.nn"
model Tiny = Whisper(layers = 1, width = 16, heads = 2, vocab = 20, mels = 4, places = 6, padding = 1, context = 12)
"""


def test_an_encoder_that_reads_no_text_is_given_arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    model = nnspec.loads(WHISPER)
    weights = stored(model, Path("w.safetensors"), seed=3, classes=list(ALPHABET))
    sounds = np.random.default_rng(0).standard_normal((2, 4, 12)).astype(np.float32)
    module = model.to_torch(weights).eval()
    expected = []
    for sound in torch.from_numpy(sounds):
        tokens = [ALPHABET.index("a")]
        for _ in range(5):
            with torch.no_grad():
                scores = module(sound[None], torch.tensor([tokens]))[0]
            tokens.append(int(scores[0, -1, : len(ALPHABET)].argmax()))
        expected.append("".join(ALPHABET[token] for token in tokens))
    assert len(set(expected)) == 2
    for onnx in (False, True):
        assert model.sample(weights, "a", length=5, temperature=0, source=sounds, onnx=onnx) == expected
    assert model.sample(weights, "a", length=5, temperature=0, source=torch.tensor(sounds[0])) == expected[:1]
    with pytest.raises(SpecError, match="E0804"):
        model.sample(weights, "a", source=sounds[:, :3])
    np.save("one.npy", sounds[0])
    Path("m.nn").write_text(WHISPER)
    command = ("sample", "m.nn", "--weights", "w.safetensors", "--prompt", "a", "--length", "5", "--temperature", "0")
    assert nnspec_command(*command, "--source", "one.npy").stdout == expected[0] + "\n"
    np.save("bad.npy", sounds[0, :3])
    assert "E0804" in nnspec_command(*command, "--source", "bad.npy").stderr
    assert "E0588" in nnspec_command(*command).stderr
