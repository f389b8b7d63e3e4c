"""`nnspec sample`: texts from a language model, pictures from a run whose recipe says what its samples are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nnspec.cli.options import SpecArguments, in_range, reporting, spec_choices
from nnspec.cli.weight_options import TOKENIZER, opened, weight_choice, with_tokenizer
from nnspec.extras import need
from nnspec.kinds import kind_of
from nnspec.train.settings import SAMPLE
from nnspec.weights.source import WeightSource, file_of

if TYPE_CHECKING:
    from nnspec.sample.request import Request
    from nnspec.sample.text import TextSampler
    from nnspec.weights.arrays import Array

PICTURES = 64
STORED = "; as is stored with the model, or else"


@click.command("sample")
@spec_choices
@weight_choice("Weights for a spec; for a run, others than its best ones.")
@click.option("--tokenizer", metavar="FILE", help=TOKENIZER)
@click.option("--onnx", is_flag=True, help="Run a spec, a run or a folder with onnxruntime instead of PyTorch.")
@click.option("--prompt", "prompts", multiple=True, metavar="TEXT",
              help="What the text begins with; a new line if left out. Several are written side by side.")  # fmt: skip
@click.option("--chat", is_flag=True, help="The prompt is what a user says: the chat template is put around it.")
@click.option("--system", metavar="TEXT", help="With --chat: what the system says before.")
@click.option("--messages", metavar="FILE.json",
              help='A conversation, [{"role": "user", "content": "..."}], in the place of a prompt.')  # fmt: skip
@click.option("--source", "sources", multiple=True, metavar="TEXT",
              help="What an encoder reads first, a text to translate; for sounds or pictures an array in a file, X.npy."
              )  # fmt: skip
@click.option("--length", type=in_range("length"), metavar="N",
              help=f"How many tokens follow the prompt{STORED} 200.")  # fmt: skip
@click.option("--count", type=in_range("count"), metavar="N",
              help="How many texts or pictures; 1 text, 64 pictures if left out.")  # fmt: skip
@click.option("--temperature", type=in_range("temperature"), metavar="X",
              help=f"Less than 1 prefers likely tokens more; 0 takes the likeliest{STORED} 1.")  # fmt: skip
@click.option("--top-k", type=in_range("top_k"), metavar="K", help="Take one of the K likeliest tokens.")
@click.option("--top-p", type=in_range("top_p"), metavar="P",
              help="Take one of the likeliest tokens that have the share P of the probability.")  # fmt: skip
@click.option("--seed", type=in_range("seed"), default=0, show_default=True, metavar="N",
              help="The same seed gives the same texts, or pictures.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the texts as JSON, with the numbers of their tokens.")
@click.option("-o", "--output", default="samples.png", show_default=True, metavar="FILE",
              help="The PNG file for pictures.")  # fmt: skip
@reporting
def command(
    spec: SpecArguments,
    weights: WeightSource | None,
    tokenizer: str | None,
    onnx: bool,
    prompts: tuple[str, ...],
    chat: bool,
    system: str | None,
    messages: str | None,
    sources: tuple[str, ...],
    length: int | None,
    count: int | None,
    temperature: float | None,
    top_k: int | None,
    top_p: float | None,
    seed: int,
    as_json: bool,
    output: str,
) -> None:
    """Sample texts from MODEL, or pictures.

    MODEL is the folder of a run, a spec with --weights, an .onnx file exported with --cache, or a folder as the Hub of
    Hugging Face has it (config.json, model.safetensors, tokenizer.json), whose generation_config.json then says how
    tokens are chosen and what ends a text: the likeliest ones are taken unless it says otherwise.

    A text is printed as it is made; several are printed when all of them are done. Where the recipe of a run has a
    `sample`, as that of a GAN, pictures are drawn.
    """
    need("sampling", "numpy", "safetensors")
    if _draws_pictures(spec.path):
        if onnx or prompts or sources or messages:
            raise click.UsageError("--onnx, --prompt and --source are for texts, and this run draws pictures")
        _draw(Path(spec.path), weights, count or PICTURES, seed, output, spec)
        return
    if (chat and len(prompts) != 1) or (messages and (prompts or chat or system)) or (system and not chat):
        raise click.UsageError("a conversation is one --prompt with --chat (and --system), or a file of --messages")
    sampler = _open(spec, weights, onnx, tokenizer)
    from nnspec.sample.request import Request, choice_of  # here: only now is numpy known to be installed

    arrays = _arrays(sampler, sources)
    if arrays is not None:
        sources = ()
    reads = arrays is None and sampler.engine.layout.source is not None and sampler.language is not None
    if reads and prompts and not sources:
        _note("the prompt is what the encoder reads; what the answer begins with is --prompt beside --source")
        prompts, sources = (), prompts
    choice = choice_of(sampler.language, temperature, top_k, top_p)
    prompt: str | tuple[str, ...] = prompts[0] if len(prompts) == 1 else prompts or ""
    if chat or messages:
        prompt = _conversation(sampler, prompts, system, messages, spec.path)
    request = Request(
        prompt, length, count or 1, choice, seed, sources[0] if len(sources) == 1 else sources or "",
        arrays, bool(chat or messages),
    )  # fmt: skip
    if choice is None:
        _tell_manner(sampler)
    context = sampler.slides(request)
    if context is not None:
        _note(f"the model takes {context} tokens: when they are full, it reads the last half again")
    _print(sampler, request, as_json)


def _arrays(sampler: TextSampler, sources: tuple[str, ...]) -> Array | None:
    """The arrays in files for an encoder that reads no text; None where it reads one, or there are none.

    Raises:
        SpecError: a file cannot be read, or does not fit.
    """
    source = sampler.engine.layout.source
    if source is None or source.text or not sources:
        return None
    from nnspec.sample.arrays import read_features  # here: numpy is no part of the core

    return read_features([Path(each) for each in sources], source)


def _print(sampler: TextSampler, request: Request, as_json: bool) -> None:
    if as_json:
        texts = sampler.texts(request)
        click.echo(json.dumps([{"text": text, "tokens": text.tokens, "ended": text.ended} for text in texts], indent=1))
    elif request.count == len(request.prompts) == 1:
        _stream(sampler, request)
    else:
        for number, text in enumerate(sampler.texts(request), start=1):
            click.echo(f"--- {number} ---\n{text}")


def _note(text: str) -> None:
    click.echo(f"note: {text}", err=True)


def _tell_manner(sampler: TextSampler) -> None:
    """Say how tokens are chosen, where that is stored with the model, and what of it is not followed."""
    language = sampler.language
    if language is None:
        return
    if language.drawn:
        more = "" if language.top_k is None else f", top_k {language.top_k}"
        more += "" if language.top_p == 1 else f", top_p {language.top_p:g}"
        _note(f"tokens are drawn at temperature {language.temperature:g}{more}, as is stored with the model")
    else:
        _note("the likeliest token is taken each time, as is stored with the model; --temperature 1 draws")
    if language.left:
        _note(f"stored with the model and not followed: {', '.join(language.left)}")


def _conversation(
    sampler: TextSampler, prompts: tuple[str, ...], system: str | None, file: str | None, source: str
) -> str:
    """The text that the model is given for what a user says, or for a file of messages."""
    from nnspec.hub.messages import read_messages  # here: few models talk
    from nnspec.hub.template import rendered

    said = [{"role": "system", "content": system}] if system else []
    said += [{"role": "user", "content": text} for text in prompts]
    return rendered(sampler.language, said if file is None else read_messages(Path(file)), source)


def _draws_pictures(path: str) -> bool:
    """Whether a path is the folder of a run whose recipe says what its samples are."""
    return (Path(path) / SAMPLE).is_file()


def _draw(folder: Path, weights: WeightSource | None, count: int, seed: int, output: str, spec: SpecArguments) -> None:
    need("drawing", "torch", "PIL")
    from nnspec.train.draw import draw  # here: PyTorch takes seconds to import
    from nnspec.train.sheet import write_sheet

    write_sheet(Path(output), draw(folder, count, seed, spec.limits, file_of(weights)))
    click.echo(f"{count} pictures in {output}")


def _stream(sampler: TextSampler, request: Request) -> None:
    for piece in sampler.stream(request):
        click.echo(piece, nl=False)
    click.echo()


def _open(spec: SpecArguments, weights: WeightSource | None, onnx: bool, tokenizer: str | None) -> TextSampler:
    """The model to sample from; the path tells its kind."""
    path, kind = Path(spec.path), kind_of(spec.path)
    if kind == "onnx" and (weights or onnx or spec.model or spec.settings):
        raise click.UsageError(
            "--weights, --onnx, --model and --set belong to a spec; an .onnx file has all that inside"
        )
    if kind == "run" and (spec.model or spec.settings):
        raise click.UsageError("--model and --set belong to a spec; a run has its model")
    if kind == "spec" and weights is None:
        raise click.UsageError("a spec is sampled from with its weights: --weights FILE")
    # here: a wrong command line should not wait for numpy
    from nnspec.sample.opening import open_model, open_onnx

    if kind == "onnx":
        return open_onnx(path, tokenizer)
    model, found = opened(spec, weights)
    assert found is not None
    chosen = with_tokenizer(found, tokenizer)
    return open_model(model.program, chosen or found, model.sources, onnx=onnx, limits=spec.limits)
