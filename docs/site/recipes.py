"""The reference of recipes: what each key of a `train` block may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from docs.site.docstring import call, prose
from docs.site.page import Page, block, joined, table
from nnspec.elaborate.builder.signature import signature
from nnspec.recipe.choice import CHOICES


def pages() -> Iterator[Page]:
    """The contents, and a page for each key whose value is a word with arguments."""
    rows = [(f"[{key}]({key}.md)", ", ".join(f"`{word}`" for word in choices)) for key, choices in CHOICES.items()]
    about = "What the keys of a [train](../reference/train.md) block may be, where that is a word with arguments."
    yield Page("recipes/index.md", joined(["# Recipes", about, table(["key", "words"], rows)]))
    for key, choices in CHOICES.items():
        parts = [
            joined([f"## {word}", block(call(signature(cast(Any, choice))), "nn"), prose(choice.__doc__ or "")])
            for word, choice in choices.items()
        ]
        yield Page(f"recipes/{key}.md", joined([f"# {key}", *parts]))
