"""The widths of texts: the metrics of Helvetica, which Arial and Liberation Sans share.

A picture is laid out without the font that will show it. These are the widths that its texts are given, and a renderer
is told them, so that a text fits in its box in any other font, too.
"""

from __future__ import annotations

import unicodedata
from functools import cache

# Thousandths of the size of the font, for the characters from the space to `~`.
_REGULAR = (
    "278 278 355 556 556 889 667 191 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 278 278 "
    "584 584 584 556 1015 667 667 722 722 667 611 778 722 278 500 667 556 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 278 278 278 469 556 333 556 556 500 556 556 278 556 556 222 222 500 222 833 556 556 556 556 333 500 "
    "278 556 500 722 500 500 500 334 260 334 584"
)
_BOLD = (
    "278 333 474 556 556 889 722 238 333 333 389 584 278 333 278 278 556 556 556 556 556 556 556 556 556 556 333 333 "
    "584 584 584 611 975 722 722 722 722 667 611 778 722 278 556 722 611 833 722 778 667 778 722 667 611 722 667 944 "
    "667 667 611 333 278 333 584 556 333 556 611 556 611 556 333 611 611 278 278 556 278 889 611 611 611 611 389 556 "
    "333 611 556 778 556 556 500 389 280 389 584"
)
_OTHERS = {"×": 584, "·": 278, "−": 584, "…": 1000, "→": 1000, "⊕": 1000}
_LETTER, _WIDE = 667, 1000  # other letters; those of Chinese, Japanese and Korean

FAMILY = "Helvetica, Arial, 'Liberation Sans', sans-serif"


@cache
def _table(bold: bool) -> dict[str, int]:
    widths = (_BOLD if bold else _REGULAR).split()
    return {**{chr(code): int(width) for code, width in enumerate(widths, start=32)}, **_OTHERS}


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a text in a font of a size."""
    table = _table(bold)
    return sum(table.get(letter) or _other(letter) for letter in text) * size / 1000


def _other(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return _WIDE if unicodedata.east_asian_width(letter) in "WF" else _LETTER
