"""A folder as the Hub has it: where its weights are, and what its other files say, as metadata of the weights.

The metadata has the keys with which training stores the same: names of classes, the tokenizer, the normalisation of
pictures. So whatever takes weights takes a folder, and an ONNX file made of it knows all that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, FiniteFloat

from nnspec.diagnostics import SpecError
from nnspec.hub.adapter import need_whole
from nnspec.hub.files import read_form, unreadable
from nnspec.hub.generation import Generation, language
from nnspec.hub.mistakes import NoWeightsInFolder
from nnspec.hub.tokenizer import FolderTokenizer, read_tokenizer
from nnspec.infer.language import LANGUAGE
from nnspec.kinds import CONFIG

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
_OTHERS = (".safetensors", ".bin", ".pt", ".pth", ".h5", ".msgpack", ".gguf", ".onnx")  # files that are told of
_CLASSIFIERS = ("ForSequenceClassification", "ForImageClassification")


class _Model(BaseModel):
    """The parts of `config.json` that say what a model's numbers stand for."""

    model_config = ConfigDict(extra="ignore")

    architectures: list[str] | None = None
    id2label: dict[int, str] | None = None
    problem_type: Literal["regression", "single_label_classification", "multi_label_classification"] | None = None

    @property
    def classifies(self) -> bool:
        """Whether it tells classes apart."""
        return any(name.endswith(_CLASSIFIERS) for name in self.architectures or ())


class _Pictures(BaseModel):
    """`preprocessor_config.json`: how pictures are normalised."""

    model_config = ConfigDict(extra="ignore")

    do_normalize: bool = False
    image_mean: list[FiniteFloat] | None = None
    image_std: list[FiniteFloat] | None = None


def weights_of(folder: Path) -> Path:
    """The file of weights of a folder, or the index of its shards.

    Raises:
        SpecError: there is none, or the folder is of an adapter.
    """
    need_whole(folder)
    found = next((path for name in WEIGHTS if (path := folder / name).is_file()), None)
    if found is None:
        others = sorted(each.name for each in folder.iterdir() if each.suffix in _OTHERS)
        raise SpecError.of(NoWeightsInFolder(None, str(folder), tuple(others[:4])))
    return found


def has_weights(folder: Path) -> bool:
    """Whether a folder has weights, and not the configuration alone."""
    return any((folder / name).is_file() for name in WEIGHTS)


def metadata_of(folder: Path) -> dict[str, str]:
    """What a folder says of its model, by the keys under which training stores it.

    Raises:
        SpecError: a file of it cannot be read.
    """
    files = sorted(each for each in folder.iterdir() if each.suffix in (".json", ".jinja"))
    return dict(_metadata(folder, tuple((each.name, each.stat().st_mtime_ns, each.stat().st_size) for each in files)))


@lru_cache(maxsize=4)  # a command reads it several times, and tokenizers have tens of megabytes
def _metadata(folder: Path, _state: tuple[tuple[str, int, int], ...]) -> dict[str, str]:
    tokenizer = read_tokenizer(folder)
    rules = Generation() if tokenizer is None else None
    stored = read_form(folder / "generation_config.json", Generation)
    model = read_form(folder / CONFIG, Generation) or rules or Generation()
    found = {LANGUAGE: language(stored, model, tokenizer).model_dump_json(exclude_defaults=True)}
    if tokenizer is not None:
        found["nnspec.tokenizer"] = json.dumps(tokenizer.text)
    return {**found, **_classes(folder), **_normalisation(folder)}


def metadata_of_tokenizer(tokenizer: FolderTokenizer, stored: Mapping[str, str]) -> dict[str, str]:
    """The metadata of a model whose user names a tokenizer: what else is stored stays."""
    beside = {LANGUAGE: stored[LANGUAGE]} if LANGUAGE in stored else {}
    rules = {**json.loads(beside.get(LANGUAGE, "{}"))}
    numbers = tokenizer.numbers
    rules.setdefault("end", [numbers["eos_token"]] if "eos_token" in numbers else [])
    rules.setdefault("start", numbers.get("bos_token"))
    rules.setdefault("padding", numbers.get("pad_token"))
    rules |= {"names": tokenizer.names, "template": tokenizer.template or rules.get("template")}
    return {LANGUAGE: json.dumps(rules), "nnspec.tokenizer": json.dumps(tokenizer.text)}


def _classes(folder: Path) -> dict[str, str]:
    """The names of the classes of a classifier, and what its scores are."""
    model = read_form(folder / CONFIG, _Model) or _Model()
    if not model.classifies:
        return {}
    names = dict(sorted((model.id2label or {}).items()))
    if list(names) != list(range(len(names))):
        raise unreadable(folder / CONFIG, f"id2label names the classes {', '.join(map(str, names))}, not 0, 1, 2, ...")
    kinds = {"regression": "numbers", "multi_label_classification": "labels"}
    kind = kinds.get(model.problem_type or "", "numbers" if len(names) == 1 else "classes")
    meaning = {"kind": kind, "scores": None if kind == "numbers" else "logits"}
    found = {"nnspec.outputs": json.dumps({"logits": meaning})}
    return {**found, "nnspec.classes": json.dumps(list(names.values()))} if names else found


def _normalisation(folder: Path) -> dict[str, str]:
    """The mean and deviation of pictures, which are normalised as training's are."""
    pictures = read_form(folder / "preprocessor_config.json", _Pictures)
    if pictures is None or not pictures.do_normalize or not pictures.image_mean or not pictures.image_std:
        return {}
    return {"nnspec.mean": json.dumps(pictures.image_mean), "nnspec.std": json.dumps(pictures.image_std)}
