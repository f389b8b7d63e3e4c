"""A page for each file of the zoo: picture, table, paper, text, PyTorch source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nnspec
from docs.site.page import Page, block, folded, joined, table
from nnspec.zoo import Family, entries, families

_ROOT = Path(__file__).parents[2]


def pages() -> Iterator[Page]:
    """The contents, the pages and their pictures."""
    rows = [_row(family) for family in families()]
    about = '`nnspec summary resnet50` counts one, `import ResNet50 from "zoo/resnet.nn"` builds on it.'
    yield Page("zoo/index.md", joined(["# The zoo", about, table(["model", "year", "paper", "also"], rows)]))
    for family in families():
        yield from _pages(family)


def _row(family: Family) -> tuple[str, ...]:
    first, *others = family.models
    return (
        f"[{first}]({family.name}.md)",
        str(family.year or ""),
        family.paper,
        ", ".join(f"`{name}`" for name in others),
    )


def _pages(family: Family) -> Iterator[Page]:
    text = (_ROOT / "specs" / f"{family.name}.nn").read_text(encoding="utf-8")
    counts = [(f"`{each.model}`", f"{each.parameters:,}") for each in entries(family) if each.parameters is not None]
    model = nnspec.load(family.path)
    yield Page(f"zoo/{family.name}.svg", model.draw().svg())
    trained = sorted(path.stem for path in (_ROOT / "examples").glob("*.nn")
                     if f'"{family.path}"' in path.read_text(encoding="utf-8"))  # fmt: skip
    about = [f'"{family.paper}"' if family.paper else "", str(family.year or "")]
    examples = ", ".join(f"[{name}](../examples/{name}.md)" for name in trained)
    yield Page(f"zoo/{family.name}.md", joined([
        f"# {family.models[0]}",
        ", ".join(filter(None, about)) + ("." if any(about) else ""),
        f"![{family.models[0]}, drawn]({family.name}.svg)",
        "## Layers, shapes, counts",
        block(model.summary(depth=3).table(100)),
        table(["model", "parameters"], counts) if counts else "",
        "## The text",
        block(text, "nn"),
        "## PyTorch",
        folded("The source that `nnspec export --torch` writes", block(_source(model), "python")),
        "## Training",
        f"Trained in {examples}." if examples else
        "A `train` block or `nnspec train --data` trains it: see [training](../guide/07_training.md) and "
        "[data of your own](../how_to/own_data.md).",
    ]))  # fmt: skip


def _source(model: nnspec.Model) -> str:
    return re.sub(r"\n{3,}", "\n\n\n", model.torch_source())
