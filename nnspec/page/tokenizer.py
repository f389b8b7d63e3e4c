"""A tokenizer of a file as a page follows it: its parts, where the page takes the same steps, or why it does not."""

from __future__ import annotations

import json
import re
from typing import Any

from nnspec.infer.vocabulary import RARE, Counted, Tokens, Vocabulary

Json = dict[str, Any]
PROBE = "a"

NORMALIZERS = (
    "BertNormalizer", "Lowercase", "NFC", "NFD", "NFKC", "NFKD", "Prepend", "Replace", "Strip", "StripAccents",
)  # fmt: skip
SPLITTERS = (
    "BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Digits", "Metaspace", "Punctuation", "Split", "Whitespace",
    "WhitespaceSplit",
)  # fmt: skip
MODELS = ("BPE", "WordLevel", "WordPiece")

# What a pattern may be made of: it means the same to JavaScript and to the library that tokenizers search with, once
# white space is written as a property of characters.
_PATTERN = re.compile(
    r"(?:\(\?i:[a-z'|]+\)|\\p\{[A-Z][a-z]?\}|\\P\{[A-Z][a-z]?\}|\\[sSrnt]|\\[.*+?()\[\]{}|/^$\\-]|\(\?[:!=]|[()|]"
    r"|\[\^?(?:\\p\{[A-Z][a-z]?\}|\\P\{[A-Z][a-z]?\}|\\[sSrnt]|\\[.*+?()\[\]{}|/^$\\-]|[^\\\[\]&])+\]"
    r"|(?:[+*?]|\{\d+(?:,\d*)?\})\??(?![+*?])|[^\\\[\](){}|+*?.^$])*"
)


class NotFollowed(Exception):
    """A part of a tokenizer that the page has no steps for; the text of it says which."""


def steps(vocabulary: Vocabulary) -> Json:
    """The parts of the tokenizer, the numbers of its tokens, what stands around each text, and how tokens are shown.

    Raises:
        NotFollowed: the page would not find the same tokens for every text.
    """
    assert isinstance(vocabulary, (Counted, Tokens))
    tokenizer = vocabulary.tokenizer
    content = json.loads(tokenizer.to_str())
    model = content["model"]
    _need(model, MODELS, "a model")
    if model.get("dropout"):
        raise NotFollowed("its merges are left out at random")
    if (content["padding"] or {}).get("strategy", "BatchLongest") != "BatchLongest":
        raise NotFollowed("it fills all texts up to one length")
    added = content["added_tokens"]
    if any(each["single_word"] for each in added):
        raise NotFollowed("it has tokens that only stand as words of their own")
    normalizers = _flat(content["normalizer"], "normalizers", NORMALIZERS, "a normalizer")
    splitters = _flat(content["pre_tokenizer"], "pretokenizers", SPLITTERS, "a pre-tokenizer")
    _need_first(normalizers, splitters)
    size = tokenizer.get_vocab_size()
    tokens = [tokenizer.id_to_token(number) for number in range(size)]
    if isinstance(vocabulary, Counted):
        rare = vocabulary.index.get(RARE, 0)
        numbers = [vocabulary.index.get(token, rare) for token in tokens]
    else:
        numbers = list(range(size))
    before, after = _around(vocabulary)
    return {
        "unit": "tokenizer",
        "tokenizer": {
            "normalizers": normalizers,
            "splitters": splitters,
            "model": model,
            "added": added,
            "truncation": _cut(content["truncation"], before, after),
        },
        "numbers": numbers,
        "before": before,
        "after": after,
        "tokens": _shown(vocabulary, tokenizer, tokens),
    }


def _flat(part: Json | None, inside: str, known: tuple[str, ...], what: str) -> list[Json]:
    """The steps of a part that may be a sequence of others."""
    if part is None:
        return []
    if part["type"] == "Sequence":
        return [step for each in part[inside] for step in _flat(each, inside, known, what)]
    _need(part, known, what)
    pattern = part.get("pattern")
    return [part | {"pattern": _pattern(pattern)}] if pattern is not None else [part]


def _need(part: Json, known: tuple[str, ...], what: str) -> None:
    if part["type"] not in known:
        raise NotFollowed(f"it has {what} of the kind {part['type']}, which the page has no steps for")


def _pattern(pattern: Json) -> str:
    """A pattern as JavaScript reads it."""
    if "String" in pattern:
        return re.sub(r"[\\^$.*+?()\[\]{}|/]", lambda found: f"\\{found[0]}", pattern["String"])
    text: str = pattern["Regex"]
    if _PATTERN.fullmatch(text) is None:
        raise NotFollowed(f"it splits at {text}, which JavaScript may read otherwise")
    text = re.sub(r"\(\?i:([a-z'|]+)\)", lambda found: f"(?:{re.sub('[a-z]', _any_case, found[1])})", text)
    return text.replace(r"\s", r"\p{White_Space}").replace(r"\S", r"\P{White_Space}")


def _any_case(letter: re.Match[str]) -> str:
    """A letter in either case, as a class of a pattern; older browsers know no `(?i:`."""
    more = {"k": "\u212a", "s": "\u017f"}  # the Kelvin sign, the long s
    return f"[{letter[0]}{letter[0].upper()}{more.get(letter[0], '')}]"


def _need_first(normalizers: list[Json], splitters: list[Json]) -> None:
    """A blank that is put before the first word only is put by the place in the text, which must be known."""
    moved = any(each["type"] in ("Prepend", "Replace", "Strip") for each in normalizers)
    if moved and any(each.get("prepend_scheme") == "first" for each in splitters):
        raise NotFollowed("it puts a blank before the first word of a text that it has changed")


def _around(vocabulary: Counted | Tokens) -> tuple[list[int], list[int]]:
    """The numbers of the tokens that are put before and behind every text."""
    tokenizer = vocabulary.tokenizer
    whole, inner = vocabulary.encode(PROBE), tokenizer.encode(PROBE, add_special_tokens=False).ids
    if isinstance(vocabulary, Counted) or whole == inner:
        return [], []
    places = [at for at in range(len(whole) - len(inner) + 1) if whole[at : at + len(inner)] == inner]
    if len(places) != 1:
        raise NotFollowed("it changes texts by the tokens that it puts around them")
    return whole[: places[0]], whole[places[0] + len(inner) :]


def _cut(truncation: Json | None, before: list[int], after: list[int]) -> Json | None:
    if truncation is None:
        return None
    room = truncation["max_length"] - len(before) - len(after)
    return {"most": max(room, 0), "left": truncation["direction"] == "Left"}


def _shown(vocabulary: Counted | Tokens, tokenizer: Any, tokens: list[str | None]) -> list[str]:
    """Every number of the network's vocabulary as a text."""
    known = {
        token: tokenizer.decode([number], skip_special_tokens=False) or token
        for number, token in enumerate(tokens)
        if token is not None
    }
    if isinstance(vocabulary, Counted):
        return [known.get(token, token) for token in vocabulary.tokens]
    return [known[token] if token is not None else "" for token in tokens]
