"""Folders that transformers writes, through the command line, and a table: python -m tests.folders [NAME ...].

For each family and head of tests/family_cases.py: a folder of small random weights with a tokenizer made here, and the
commands of a user on it, beside transformers: summary, check, export to ONNX, with caches too where it writes texts,
sample, which gives the tokens of `generate`, and predict, which gives its outputs. Needs transformers.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from click.testing import CliRunner, Result

import nnspec
from nnspec.cli.main import main as command
from nnspec.huggingface.known import KNOWN
from tests.families import NESTED, THEIR_NAMES
from tests.family_cases import END, SMALL, T5, VIT, example

PROMPTS = ("w11 w7 w40", "w5", "w8 w60 w61 w7 w9 w10")
LENGTH = 7
CLOSE = 2e-4  # of numbers in 32 bits, in the largest one
ENCODERS = ("bert", "roberta", "xlm-roberta", "distilbert", "albert", "electra", "modernbert")
FURTHER = {
    "mt5": {"model_type": "mt5", **T5, "eos_token_id": END},
    "gemma3": {
        "model_type": "gemma3",
        "text_config": SMALL["gemma3_text"],
        "vision_config": {"model_type": "siglip_vision_model", **VIT},
        "mm_tokens_per_image": 4,
    },
    # Texts stay within the length from which on positions are turned anew.
    "llama, dynamic": {**SMALL["llama, dynamic"], "max_position_embeddings": 20},
    "llama, longrope": {
        **SMALL["llama, longrope"],
        "rope_scaling": {**SMALL["llama, longrope"]["rope_scaling"], "original_max_position_embeddings": 20},
    },
    "phi3, longrope": {**SMALL["phi3, longrope"], "original_max_position_embeddings": 20},
}
CASES: Mapping[str, Mapping[str, Any]] = {**SMALL, **FURTHER}


class Failure(Exception):
    """A command gave something else than transformers."""


def run(*arguments: object) -> Result:
    """A command; what it refuses is a failure."""
    result = CliRunner().invoke(command, list(map(str, arguments)))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    if result.exit_code:
        raise Failure(" ".join(result.stderr.split())[:300])
    return result


def write_tokenizer(folder: Path, config: Any) -> Any:
    """A tokenizer of one token for each word: w0, w1, ...; models that read a text whole have their last token."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    made = Tokenizer(models.WordLevel({f"w{number}": number for number in range(99)}, unk_token="w4"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    if config.is_encoder_decoder or config.model_type in (*ENCODERS, "clip", "siglip"):
        made.post_processor = processors.TemplateProcessing(single=f"$A w{END}", special_tokens=[(f"w{END}", END)])
    numbers = {"pad_token": getattr(config, "pad_token_id", None), "eos_token": getattr(config, "eos_token_id", None),
               "bos_token": getattr(config, "bos_token_id", None)}  # fmt: skip
    known = {key: f"w{number}" for key, number in numbers.items() if isinstance(number, int) and 0 <= number < 99}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, **known)
    tokenizer.save_pretrained(folder)
    return tokenizer


def shaken(model: torch.nn.Module) -> torch.nn.Module:
    """Weights that are wide enough for texts that go on differently; norms stay near one."""
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter + torch.randn_like(parameter) * (0.3 if parameter.ndim > 1 else 0.1))
    return model.eval()


def make(name: str, architecture: str, folder: Path) -> tuple[Any, Any]:
    """The folder of a small model, as transformers writes it; the model and its tokenizer."""
    import transformers

    options = dict(CASES[name])
    kind = options.pop("model_type")
    options |= {"decoder_start_token_id": 0, "pad_token_id": 0} if kind in ("t5", "mt5") else {}
    config = transformers.AutoConfig.for_model(kind, **options)
    torch.manual_seed(7)
    attention = "sdpa" if options.get("alibi") else "eager"  # where Falcon's slopes count twice
    model = shaken(getattr(transformers, architecture)._from_config(config, attn_implementation=attention))
    model.save_pretrained(folder)
    return model, write_tokenizer(folder, config)


def writes(architecture: str) -> bool:
    """Whether a class writes texts."""
    return architecture.endswith(("LMHeadModel", "ForCausalLM", "ForConditionalGeneration"))


def generated(model: Any, tokenizer: Any, prompt: str) -> list[int]:
    """The likeliest tokens, as transformers writes them."""
    read = tokenizer(prompt, return_tensors="pt")
    read.pop("token_type_ids", None)
    made = model.generate(**read, do_sample=False, max_new_tokens=LENGTH, pad_token_id=0)[0].tolist()
    return made[1:] if model.config.is_encoder_decoder else made[read["input_ids"].shape[1] :]


def sample(folder: Path, model: Any, tokenizer: Any, path: Path) -> None:
    """Compare what a folder, or the file that was exported from it, writes."""
    if model.main_input_name == "input_features":
        sound = torch.cos(torch.arange(6 * 20, dtype=torch.float32) * 0.7).reshape(1, 6, 20)
        np.save(folder / "sound.npy", sound.numpy())
        expected = [model.generate(input_features=sound, do_sample=False, max_new_tokens=LENGTH)[0].tolist()]
        given: list[object] = ["--source", folder / "sound.npy"]
    else:
        expected = [generated(model, tokenizer, prompt) for prompt in PROMPTS]
        word = "--source" if model.config.is_encoder_decoder else "--prompt"
        given = [part for prompt in PROMPTS for part in (word, prompt)]
    result = run("sample", path, *given, "--length", LENGTH, "--temperature", 0, "--json")
    found = [each["tokens"] for each in json.loads(result.stdout)]
    if model.main_input_name == "input_features":  # of sounds, what ends the text is left out by transformers
        found = [[token for token in each if token != model.config.eos_token_id] for each in found]
    if found != expected:
        raise Failure(f"it writes {found}, and not {expected}")


def outputs(file: Path) -> dict[str, np.ndarray]:
    """The outputs in a file that predict has written."""
    with np.load(file) as arrays:
        return dict(arrays)


def compare(found: Mapping[str, np.ndarray], answer: Any) -> None:
    """Hold outputs against transformers'."""
    for name, ours in found.items():
        if name in NESTED:
            continue
        theirs = answer[THEIR_NAMES.get(name, name)].detach().numpy()
        if ours.shape != theirs.shape:
            raise Failure(f"{name} is {list(ours.shape)}, and not {list(theirs.shape)}")
        worst = float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max()))
        if not worst < CLOSE:
            raise Failure(f"{name} differs by {worst:.0e}")


def predict(folder: Path, model: Any, tokenizer: Any) -> None:
    """Compare what a folder gives for texts, or for the arrays that it takes where it takes more than texts."""
    program = nnspec.load(folder).program.main
    file = folder / "outputs.npz"
    if all(port.name in ("tokens", "target") for port in program.inputs):
        (folder / "texts.txt").write_text("\n".join(PROMPTS))
        run("predict", folder, "--input", folder / "texts.txt", "--output", file)
        found = outputs(file)
        long = {port.name for port in program.outputs if {"S", "T"} & set(map(str, program.values[port.value].shape))}
        for place, text in enumerate(PROMPTS):
            read = tokenizer(text, return_tensors="pt")
            read.pop("token_type_ids", None)
            if type(model).__name__.endswith(("T5Model", "T5ForConditionalGeneration")):  # the others do it themselves
                read["decoder_input_ids"] = model._shift_right(read["input_ids"])
            count = read["input_ids"].shape[1]
            cut = {name: array[place, :count] if name in long else array[place] for name, array in found.items()}
            compare({name: array[None] for name, array in cut.items()}, model(**read))
        return
    given = {key: value.float() if value.is_floating_point() else value
             for key, value in example(nnspec.load(folder)).items()}  # fmt: skip
    for key, value in given.items():
        np.save(folder / f"{key}.npy", value.numpy())
    files = [part for key in given for part in ("--input", f"{key}={folder / f'{key}.npy'}")]
    run("predict", folder, *files, "--output", file)
    compare(outputs(file), model(**{THEIR_NAMES.get(key, key): value for key, value in given.items()}))


def steps(name: str, architecture: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Each command on the folder of a head, and how it failed; "" if it did not."""
    model, tokenizer = make(name, architecture, folder)
    file, cached = folder / "model.onnx", folder / "cached.onnx"
    todo: dict[str, Callable[[], object]] = {
        "summary": lambda: run("summary", folder),
        "check": lambda: run("check", folder),
        "export": lambda: run("export", folder, "--onnx", file),
    }
    if writes(architecture):
        todo["cache"] = lambda: run("export", folder, "--cache", "--onnx", cached)
        todo["sample"] = lambda: sample(folder, model, tokenizer, folder)
        todo["sample of the file"] = lambda: sample(folder, model, tokenizer, cached)
    todo["predict"] = lambda: predict(folder, model, tokenizer)
    with torch.no_grad():
        for step, act in todo.items():
            try:
                act()
                yield step, ""
            except Exception as error:
                if "--raise" in sys.argv:
                    raise
                said = str(error) if isinstance(error, Failure) else f"{type(error).__name__}: {error}"
                yield step, " ".join(said.split())[:400]


def main() -> None:
    """Print the table."""
    from transformers.utils import logging

    warnings.simplefilter("ignore")
    logging.disable_progress_bar()
    logging.set_verbosity_error()
    asked = [each for each in sys.argv[1:] if not each.startswith("-")]
    good = count = 0
    for name, options in CASES.items():
        for architecture in KNOWN[options["model_type"]].heads:
            if asked and not any(each in f"{name}/{architecture}" for each in asked):
                continue
            folder = Path(tempfile.mkdtemp(prefix="folder-"))
            try:
                found = dict(steps(name, architecture, folder))
            except Exception as error:
                if "--raise" in sys.argv:
                    raise
                found = {"save_pretrained": f"{type(error).__name__}: {error}"[:400]}
            finally:
                shutil.rmtree(folder)
            failed = {step: said for step, said in found.items() if said}
            good, count = good + (not failed), count + 1
            print(f"{'OTHER ' if failed else 'equal '} {name:20} {architecture:44} {' '.join(found)}", flush=True)
            for step, said in failed.items():
                print(f"         {step}: {said}", flush=True)
    print(f"{good} of {count} folders are equal in all that was asked")


if __name__ == "__main__":
    main()
