"""`spec_of`: a configuration file to the text of a spec that imports a network of the zoo and gives its arguments.

Nothing of the file reaches the text as it stands: numbers were checked and are written anew, names are our own.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from pathlib import Path
from textwrap import fill
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from nnspec.diagnostics import SpecError, nearest
from nnspec.huggingface import image, llama, mixtures, text
from nnspec.huggingface.configuration import Argument, Configuration, LayerArgument
from nnspec.huggingface.mistakes import UnknownConfiguration, UnreadableConfiguration, UnsupportedConfiguration

BYTES = 8 << 20  # with the 21,843 labels of ImageNet-21k, a configuration has nearly two megabytes
KNOWN: dict[str, type[Configuration]] = {
    "bert": text.Bert,
    "roberta": text.Roberta,
    "xlm-roberta": text.XLMRoberta,
    "gpt2": text.GPT2,
    "t5": text.T5,
    "mt5": text.MT5,
    "llama": llama.Llama,
    "mistral": llama.Mistral,
    "qwen2": llama.Qwen2,
    "qwen3": llama.Qwen3,
    "phi3": llama.Phi3,
    "mixtral": mixtures.Mixtral,
    "qwen3_moe": mixtures.Qwen3Moe,
    "vit": image.ViT,
    "clip": image.CLIP,
}


Kind = TypeVar("Kind", bound=BaseModel)


class _Type(BaseModel, strict=True):
    model_type: str | None = None


def spec_of(path: str | Path, name: str | None = None) -> str:
    """The text of a spec for a configuration.

    Args:
        path: the `config.json`.
        name: what the model is called; the class of transformers if it is left out.

    Raises:
        SpecError: the file cannot be read, or is of a model that the zoo does not have.
    """
    content = _read(Path(path))
    kind = _validated(_Type, content, path).model_type
    if kind is None or kind not in KNOWN:
        known = tuple(KNOWN)
        raise SpecError.of(UnknownConfiguration(None, str(path), kind, known, nearest(kind, known) if kind else None))
    configuration = _validated(KNOWN[kind], content, path)
    problems = tuple(configuration.problems())
    if problems:
        raise SpecError.of(UnsupportedConfiguration(None, str(path), kind, problems))
    return _text(configuration, kind, name or configuration.architecture)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SpecError.of(UnreadableConfiguration(None, str(path), (reason,))) from None
    if len(content) > BYTES:
        raise SpecError.of(UnreadableConfiguration(None, str(path), (f"it is larger than {BYTES:,} bytes",)))
    return content.removeprefix(BOM_UTF8)


def _validated(kind: type[Kind], content: bytes, path: str | Path) -> Kind:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        reasons = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}".removeprefix(": ")
                   for each in error.errors(include_url=False, include_input=False)]  # fmt: skip
        raise SpecError.of(UnreadableConfiguration(None, str(path), tuple(reasons))) from None


def _text(configuration: Configuration, kind: str, name: str) -> str:
    target = configuration.models[configuration.architecture]
    lines = [f"# {configuration.architecture} of transformers, from a configuration of type {kind}."]
    if configuration.left_out and configuration.architecture not in (configuration.architectures or ()):
        lines.append("# The file is that of a model with another head, which is not part of this.")
    arguments = ", ".join(f"{key}~=~{_shown(value)}" for key, value in configuration.arguments().items())
    wrapped = fill(arguments, 100, initial_indent="  ", subsequent_indent="  ").replace("~", " ")  # whole arguments
    alias = f"{target} as Zoo{target}" if name == target else target
    return "\n".join(
        [
            *lines,
            f'import {alias} from "zoo/{configuration.file}.nn"',
            "",
            f"model {name} = {alias.rpartition(' ')[2]}(",
            wrapped,
            ")",
            "",
        ]
    )


def _shown(value: Argument) -> str:
    """A number, text, list or layer as the language writes it."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, LayerArgument):
        return f"{value.name}({', '.join(f'{key}~=~{_shown(each)}' for key, each in value.arguments.items())})"
    if isinstance(value, tuple):
        return f"[{', '.join(repr(each) for each in value)}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
