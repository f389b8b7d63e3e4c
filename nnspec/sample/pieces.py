"""The text of tokens that come one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from nnspec.infer.vocabulary import Vocabulary

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"  # what a tokenizer shows for the first bytes of a character


def pieces(vocabulary: Vocabulary, before: Sequence[int], numbers: Iterable[int]) -> Iterator[str]:
    """The text behind that of the tokens `before`.

    What a token adds may depend on the one before it, and show only with those after it.
    """
    recent = list(before)
    shown = vocabulary.decode(recent)
    for number in numbers:
        recent.append(number)
        text = vocabulary.decode(recent)
        if not text.endswith(_UNFINISHED):
            yield text[len(shown) :]
            recent = recent[-1:]
            shown = vocabulary.decode(recent)
    if len(recent) > 1:
        yield vocabulary.decode(recent)[len(shown) :]
