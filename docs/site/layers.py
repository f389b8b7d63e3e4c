"""The reference of layers, a page for each family: signatures, docstrings, and each layer drawn and computed once."""

from __future__ import annotations

from collections.abc import Iterator

from docs.site.docstring import call, escaped, prose
from docs.site.page import Page, block, joined, table
from nnspec.elaborate.builder.signature import signature
from nnspec.explain import find_layer
from nnspec.layers import registry
from nnspec.layers.base import Layer
from nnspec.testing.uses import spec


def pages() -> Iterator[Page]:
    """The contents, the pages of the families, and the pictures on them."""
    families: dict[str, list[type[Layer]]] = {}
    for name, module in sorted(registry.families_of().items()):
        layer = find_layer(name)
        if layer is not None:
            families.setdefault(module.rpartition(".")[2], []).append(layer)
    rows = [(f"[{_title(family)}]({family}.md)", _links(family, layers)) for family, layers in sorted(families.items())]
    about = (
        "Each has the name, the arguments and the defaults of `torch.nn`, less what follows from its input; "
        "`nnspec explain NAME` prints its part of these pages."
    )
    yield Page("layers/index.md", joined(["# Layers", about, table(["family", "layers"], rows)]))
    for family, layers in families.items():
        pictures = [picture for layer in layers for picture in _pictures(layer)]
        yield from pictures
        drawn = {picture.path for picture in pictures}
        yield Page(f"layers/{family}.md", joined([f"# {_title(family)}", *(_part(layer, drawn) for layer in layers)]))


def _title(family: str) -> str:
    return family.replace("_", " ").capitalize()


def _links(family: str, layers: list[type[Layer]]) -> str:
    return ", ".join(f"[{_name(each)}]({family}.md#{_name(each).lower()})" for each in layers)


def _name(layer: type[Layer]) -> str:
    return layer.__name__


def _pictures(layer: type[Layer]) -> Iterator[Page]:
    """The first example, drawn."""
    for example in layer.examples[:1]:
        yield Page(f"layers/{_name(layer)}.svg", spec(example).draw().svg())


def _part(layer: type[Layer], drawn: set[str]) -> str:
    name = _name(layer)
    words = [f"## {name}", block(call(signature(layer)), "nn"), prose(layer.__doc__ or "")]
    if not layer.examples:
        return joined(words)
    first = layer.examples[0]
    model = spec(first)
    types = ", ".join(str(type) for type in model.program.main.input_types)
    gives = ", ".join(str(type) for type in model.program.main.output_types)
    arithmetic = model.why("layer") if first.text[:1].isupper() and first.inputs else None
    examples = "\n".join(f"{each.text}  # on {', '.join(each.inputs)}" for each in layer.examples)
    return joined([
        *words,
        f"`{first.text}` makes {escaped(gives)} of {escaped(types)}:",
        f"![{name}, drawn]({name}.svg)" if f"layers/{name}.svg" in drawn else "",
        block(str(arithmetic).partition("\n")[2]) if arithmetic is not None else "",
        block(examples, "nn"),
    ])  # fmt: skip
