"""The tokenizer of a folder: `tokenizer.json`, with what `tokenizer_config.json` changes in it."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from nnspec.diagnostics import SpecError
from nnspec.hub.files import read_form, read_text, unreadable
from nnspec.hub.mistakes import UnreadableTokenizer

FILE, CONFIG, TEMPLATE = "tokenizer.json", "tokenizer_config.json", "chat_template.jinja"
_OTHERS = ("vocab.json", "vocab.txt", "spiece.model", "tokenizer.model")  # of tokenizers in other forms
NAMES = ("bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token")


class _Content(BaseModel):
    content: str


class _Named(BaseModel):
    name: str
    template: str


class TokenizerConfig(BaseModel):
    """`tokenizer_config.json`, or `special_tokens_map.json` of older folders: special tokens by name, the template."""

    model_config = ConfigDict(extra="ignore")

    bos_token: str | _Content | None = None
    eos_token: str | _Content | None = None
    unk_token: str | _Content | None = None
    sep_token: str | _Content | None = None
    pad_token: str | _Content | None = None
    cls_token: str | _Content | None = None
    mask_token: str | _Content | None = None
    add_bos_token: bool | None = None
    add_eos_token: bool | None = None
    chat_template: str | list[_Named] | None = None

    @property
    def names(self) -> dict[str, str]:
        """The special tokens by their names."""
        found = {name: getattr(self, name) for name in NAMES}
        return {
            name: token if isinstance(token, str) else token.content
            for name, token in found.items()
            if token is not None
        }


class FolderTokenizer(BaseModel):
    """The tokenizer of a folder: its text, its special tokens by name and number, its template of conversations."""

    text: str
    names: dict[str, str]
    numbers: dict[str, int]
    template: str | None


def read_tokenizer(folder: Path) -> FolderTokenizer | None:
    """The tokenizer of a folder; None where it has no `tokenizer.json`.

    Raises:
        SpecError: a file of it cannot be read.
    """
    text = read_text(folder / FILE)
    if text is None:
        return None
    content = _parsed(folder / FILE, text)
    config = read_form(folder / CONFIG, TokenizerConfig) or TokenizerConfig()
    older = read_form(folder / "special_tokens_map.json", TokenizerConfig) or TokenizerConfig()
    names = {**older.names, **config.names}
    known = _numbers(content)
    numbers = {name: known[token] for name, token in names.items() if token in known}
    _surround(content, config, names, known)
    template = read_text(folder / TEMPLATE) or _template(config)
    text = json.dumps(content, ensure_ascii=False)
    return FolderTokenizer(text=text, names=names, numbers=numbers, template=template)


def other_forms(folder: Path) -> str | None:
    """The tokenizer of a folder in another form than is read, and what makes it one; None where there is none."""
    found = [name for name in _OTHERS if (folder / name).is_file()]
    if not found or (folder / FILE).exists():
        return None
    way = f"AutoTokenizer.from_pretrained({str(folder)!r}).save_pretrained({str(folder)!r})"
    return f"it has {' and '.join(found)}, of which transformers makes the tokenizer.json that is read: {way}"


def given_tokenizer(path: str | PathLike[str]) -> FolderTokenizer:
    """The tokenizer that its user names: a `tokenizer.json` with what lies beside it, or the folder.

    Raises:
        SpecError: there is none, or it cannot be read.
    """
    place = Path(path)
    folder = place if place.is_dir() else place.parent
    if not place.exists():
        raise SpecError.of(UnreadableTokenizer(None, str(path), "there is no such file or folder"))
    if not place.is_dir() and place.name != FILE:
        text = read_text(place) or ""
        content = _parsed(place, text)
        return FolderTokenizer(text=json.dumps(content, ensure_ascii=False), names={}, numbers={}, template=None)
    found = read_tokenizer(folder)
    if found is None:
        others = [name for name in _OTHERS if (folder / name).exists()]
        reason = "it has no tokenizer.json" + (f", only {', '.join(others)}" if others else "")
        raise SpecError.of(UnreadableTokenizer(None, str(path), reason))
    return found


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise unreadable(path, f"it is no JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("model"), dict):
        raise unreadable(path, "it is no tokenizer: it has no model")
    return {**content, "truncation": None, "padding": None}  # what a text is, is not cut or filled up in silence


def _numbers(content: dict[str, Any]) -> dict[str, int]:
    """The number of each token."""
    vocabulary = content["model"].get("vocab")
    known: dict[str, int] = {}
    if isinstance(vocabulary, dict):
        known = {token: number for token, number in vocabulary.items() if isinstance(number, int)}
    elif isinstance(vocabulary, list):
        known = {str(pair[0]): number for number, pair in enumerate(vocabulary) if isinstance(pair, list) and pair}
    added = content.get("added_tokens")
    for each in added if isinstance(added, list) else ():
        if isinstance(each, dict) and isinstance(each.get("content"), str) and isinstance(each.get("id"), int):
            known[each["content"]] = each["id"]
    return known


def _surround(content: dict[str, Any], config: TokenizerConfig, names: dict[str, str], known: dict[str, int]) -> None:
    """Let each text get the first and last token that the configuration asks for, in place of what the file says."""
    if config.add_bos_token is None and config.add_eos_token is None:
        return
    first = names.get("bos_token") if config.add_bos_token else None
    last = names.get("eos_token") if config.add_eos_token else None
    tokens = [token for token in (first, last) if token in known and token is not None]

    def around(letter: str, kind: int) -> list[dict[str, Any]]:
        special = {token: {"SpecialToken": {"id": token, "type_id": kind}} for token in tokens}
        before = [special[first]] if first in special else []
        behind = [special[last]] if last in special else []
        return [*before, {"Sequence": {"id": letter, "type_id": kind}}, *behind]

    content["post_processor"] = {
        "type": "TemplateProcessing",
        "single": around("A", 0),
        "pair": [*around("A", 0), *around("B", 1)],
        "special_tokens": {token: {"id": token, "ids": [known[token]], "tokens": [token]} for token in tokens},
    }


def _template(config: TokenizerConfig) -> str | None:
    """The template that older folders have in their configuration; of several the one called default."""
    if isinstance(config.chat_template, list):
        return next((each.template for each in config.chat_template if each.name == "default"), None)
    return config.chat_template
