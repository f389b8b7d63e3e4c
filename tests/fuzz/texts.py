"""Texts that are nearly specs: every one is sound, or refused with places: `python -m tests.fuzz.texts --seconds 60`.

A text of the zoo, of the examples, of the tests of mistakes, or a network made at random, with tokens and characters
left out, doubled, exchanged and put in; or two of them spliced.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random

import nnspec
from nnspec import SpecError
from nnspec.diagnostics import Diagnostic
from tests.fuzz import models, run, shrink
from tests.fuzz.comparing import need
from tests.fuzz.machine import Machine

ROOT = Path(__file__).parent.parent.parent
_LARGEST, _SECONDS = 2600, 8.0  # characters of a text to begin with; processor time that one may take
_TOKEN = re.compile(r'"[^"\n]*"|[A-Za-z_]\w*|\d+\.\d+|\d+|->|==|<=|>=|//|\*\*|\s+|.', re.S)
_WORDS = (
    "->", ":", "=", "{", "}", "(", ")", "[", "]", ",", ";", ".", "..", "...", "x", "_", "?", "#", '"', "\n", "*", "@",
    "model", "block", "train", "phase", "input", "output", "residual", "skip", "concat", "add", "scan", "each", "carry", "along", "backward", "for", "in",
    "if", "else", "let", "require", "training", "order", "rename", "import", "from", "as", "not", "and", "or", "none",
    "true", "false", "float", "int", "bool", "N", "T", "Conv2d", "Linear", "ReLU", "Flatten", "LSTM", "Embedding",
    "attention", "softmax", "Parameter", "Range", "loss", "data", "metrics", "optimizer", "-1", "0", "1", "2", "0.5",
    "1e-5", "self", "__init__", "class", "len", "range", "cross_entropy", "bias", "stride", "padding", "weight",
)  # fmt: skip
_NUMBERS = ("0", "-1", "1", "2147483648", "9" * 12, "9" * 13, "9" * 400, "1e308", "1e309", "0.0", "1e-400", "3.0", "64")
_STRANGE = "\ufeff\u200b\u202e\x00\x07\x1b\t\r\u2028é日本🙂ſ\u0301\\'`$&|~!^%<>\ud800"


class Texts(Machine[str]):
    """Damaged specs."""

    name = "texts"
    cases = "texts"
    seconds = 30.0

    def draw(self, random: Random) -> str:
        text = beginning(random)
        if random.random() < 0.15:
            text = spliced(random, text, beginning(random))
        for _ in range(random.choice([1, 1, 1, 2, 3, 6])):
            text = random.choice(CHANGES)(random, text)
        return text

    def smaller(self, case: str) -> Iterator[str]:
        yield from shrink.without_lines(case)
        yield from shrink.without_tokens(case)

    def show(self, case: str) -> str:
        return case.encode("utf-8", "backslashreplace").decode()

    def examine(self, case: str) -> str:
        begun = time.process_time()
        try:
            model = nnspec.loads(case, name="text.nn")
            warnings = [found.diagnostic for found in (*model.found, *model.check())]
        except SpecError as refused:
            check_refusal(refused, case)
            need(time.process_time() - begun < _SECONDS, f"slow: {time.process_time() - begun:.1f} s to refuse")
            return "refused"
        for warning in warnings:
            check_place(warning, case)
        summary = model.summary()
        str(summary)
        try:
            source = model.torch_source()
        except SpecError as refused:
            check_refusal(refused, case)
            source = ""
        compile(source, "<generated>", "exec")
        need(nnspec.from_json(model.to_json()).program == model.program, "JSON: another program comes back")
        need(time.process_time() - begun < _SECONDS, f"slow: {time.process_time() - begun:.1f} s to read and write")
        return "sound"


def check_refusal(refused: SpecError, text: str) -> None:
    """Every mistake has a code, words, and a place inside the text; all can be shown."""
    need(bool(refused.diagnostics), "a refusal without mistakes")
    for mistake in refused.diagnostics:
        check_place(mistake, text)
        need(bool(mistake.code and mistake.message), "a mistake without a code or words")
    need(bool(str(refused)), "a refusal without words")


def check_place(mistake: Diagnostic, text: str) -> None:
    """Its places are inside of their text."""
    spans = [mistake.span, *(label.span for label in mistake.labels)]
    for span in filter(None, spans):
        whole = span.source.text
        need(
            0 <= span.start <= span.end <= len(whole),
            f"place: {mistake.code} at {span.start} to {span.end} of {len(whole)}",
        )
        need(
            span.source.name != "text.nn" or whole == text.removeprefix("\ufeff"),
            f"place: {mistake.code} in another text",
        )


# --- what to begin with


@cache
def texts() -> tuple[str, ...]:
    """The texts of the repository that are short."""
    files = [*ROOT.glob("specs/**/*.nn"), *ROOT.glob("examples/*.nn"), *ROOT.glob("tests/mistakes/*.nn")]
    read = [file.read_bytes().decode("utf-8", "replace") for file in sorted(files) if file.is_file()]
    return tuple(text for text in read if len(text) <= _LARGEST)


def beginning(random: Random) -> str:
    """A whole text."""
    return models.draw(random).text if random.random() < 0.4 else random.choice(texts())


def spliced(random: Random, one: str, other: str) -> str:
    """The beginning of one and the end of the other."""
    first, second = one.splitlines(keepends=True), other.splitlines(keepends=True)
    return "".join(first[: random.randrange(len(first) + 1)] + second[random.randrange(len(second) + 1) :])


# --- changes

Change = Callable[[Random, str], str]


def _token(change: Callable[[Random, list[str], int], None]) -> Change:
    def changed(random: Random, text: str) -> str:
        tokens = _TOKEN.findall(text)
        places = [index for index, token in enumerate(tokens) if not token.isspace()]
        if places:
            change(random, tokens, random.choice(places))
        return "".join(tokens)

    return changed


def _swap(random: Random, tokens: list[str], index: int) -> None:
    other = random.randrange(len(tokens))
    tokens[index], tokens[other] = tokens[other], tokens[index]


def _leave_out(random: Random, tokens: list[str], index: int) -> None:
    del tokens[index : index + random.choice([1, 1, 2, 5])]


def _double(random: Random, tokens: list[str], index: int) -> None:
    tokens[index:index] = tokens[index : index + random.choice([1, 1, 3, 12])]


def _replace(random: Random, tokens: list[str], index: int) -> None:
    tokens[index] = random.choice(_WORDS)


def _put_in(random: Random, tokens: list[str], index: int) -> None:
    tokens.insert(index, f" {random.choice(_WORDS)} ")


def _other_name(random: Random, tokens: list[str], index: int) -> None:
    names = [token for token in tokens if token[:1].isalpha()] or ["x"]
    tokens[index] = random.choice(names)


def _number(random: Random, tokens: list[str], index: int) -> None:
    numbers = [place for place, token in enumerate(tokens) if token[:1].isdigit()]
    tokens[random.choice(numbers) if numbers else index] = random.choice(_NUMBERS)


def _nest(random: Random, tokens: list[str], index: int) -> None:
    begin, end = random.choice(
        [("(", ")"), ("[", "]"), ("{ ", " }"), ("residual { ", " }"), ("-", ""), ("not ", ""), ("2 ** ", "")]
    )
    count = random.choice([1, 2, 20, 60, 70, 3000])
    tokens[index] = begin * count + tokens[index] + end * (count if random.random() < 0.8 else count // 2)


def _noise(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    new = (
        random.choice(_STRANGE)
        if random.random() < 0.6
        else chr(random.choice([random.randrange(128), random.randrange(0x3000)]))
    )
    return text[:place] + new * random.choice([1, 1, 1, 500]) + text[place + random.choice([0, 1]) :]


def _lines(random: Random, text: str) -> str:
    lines = text.splitlines(keepends=True) or [""]
    index = random.randrange(len(lines))
    if random.random() < 0.4:
        lines[index:index] = [lines[random.randrange(len(lines))]] * random.choice([1, 1, 2, 30])
    elif random.random() < 0.5:
        del lines[index]
    else:
        other = random.randrange(len(lines))
        lines[index], lines[other] = lines[other], lines[index]
    return "".join(lines)


def _cut(random: Random, text: str) -> str:
    place = random.randrange(len(text) + 1)
    return text[:place] if random.random() < 0.5 else text[place:]


def _newlines(random: Random, text: str) -> str:
    return text.replace("\n", random.choice(["\r\n", "\r", " ", ";", "\n\n", "\n\t", " # x\n"]))


CHANGES: tuple[Change, ...] = (
    *map(_token, (_swap, _leave_out, _double, _replace, _put_in, _other_name, _number, _nest, _replace, _other_name)),
    _noise, _lines, _cut, _newlines,
)  # fmt: skip

if __name__ == "__main__":
    run.main(Texts())
