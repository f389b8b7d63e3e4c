"""The pages of `nnspec explain`: for every mistake's code, word of the language, layer and function.

The pages are docstrings. Those of the mistakes are read from the sources, because the modules of training and export
cannot be imported where their extras are not installed.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from inspect import cleandoc
from pathlib import Path
from typing import Any, cast

from nnspec.diagnostics import Diagnostic, SpecError, nearest
from nnspec.elaborate.builder.signature import signature
from nnspec.layers import registry
from nnspec.layers.base import Layer
from nnspec.layers.batched import Batched
from nnspec.recipe.choice import CHOICES, Configured
from nnspec.recipe.recipe import KEYS, Phase, Recipe
from nnspec.record import Record
from nnspec.reference import heading, page_of, pages

_PACKAGE = Path(__file__).parent
_EXAMPLE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


class NothingToExplain(Diagnostic):
    """`nnspec explain` was asked about what is no code of a mistake, and no word, layer or function."""

    code = "E0503"
    word: str
    suggestion: str | None = None
    mentions: tuple[str, ...] = ()  # what has a page that speaks of it

    @property
    def message(self) -> str:
        return f"there is no code, word, layer or function called {self.word}"

    @property
    def help(self) -> str | None:
        meant = [f"did you mean {self.suggestion}?"] if self.suggestion else []
        others = [name for name in self.mentions if name != self.suggestion]
        spoken = [f"pages that speak of it: {', '.join(others)}"] if others else []
        return "; ".join([*meant, *spoken]) or "`nnspec explain` lists everything"


class Page(Record):
    """The documentation of a kind of mistake."""

    code: str
    name: str
    text: str

    @property
    def first_line(self) -> str:
        """The mistake in a sentence."""
        sentence = " ".join(self.text.split("\n\n")[0].split())
        return re.split(r"(?<!\.)\.(?: |$)", sentence)[0]


@cache
def mistakes() -> dict[str, Page]:
    """The page of every kind of mistake, by code."""
    found: dict[str, Page] = {}
    for path in sorted(_PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if '    code = "' in text:
            for node in ast.parse(text).body:
                page = _page(node)
                if page:
                    found[page.code] = page
    return dict(sorted(found.items(), key=lambda item: (item[0][1:], item[0])))


def _page(node: ast.stmt) -> Page | None:
    if not isinstance(node, ast.ClassDef):
        return None
    for statement in node.body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "code":
            return Page(str(ast.literal_eval(statement.value)), node.name, ast.get_docstring(node) or "")
    return None


def explain(word: str) -> str:
    """The page of a code (E0203), a word of the language (residual, epochs), a layer, function or operator.

    Raises:
        SpecError: there is none.
    """
    page = mistakes().get(word.upper())
    if page:
        kind = "warning" if page.code.startswith("W") else "error"
        return f"{kind} {page.code}: {page.name}\n\n{page.text}"
    recipe = recipe_part(word)
    reference = page_of(word)
    if reference is not None:
        return "\n\n".join([reference, *([cleandoc(recipe.__doc__ or "")] if recipe is not None else [])])
    layer = find_layer(word)
    if layer is None and recipe is not None:
        return "\n\n".join([signature(cast(Any, recipe)), cleandoc(recipe.__doc__ or "")])
    if layer is None:
        raise SpecError.of(NothingToExplain(None, word, nearest(word, explainable()), mentions(word)))
    return layer_page(layer)


def mentions(word: str, most: int = 6) -> tuple[str, ...]:
    """What has a page of the language, the recipes or the layers with this word in its sentences: the first `most`."""
    files = dict.fromkeys(pages().values())
    texts = [(heading(path)[0], _EXAMPLE.sub("", path.read_text(encoding="utf-8"))) for path in files]
    parts: list[type[Configured] | type[Layer]] = [*recipe_parts(), *registry.all_layers()]
    texts += [(part.__name__, part.__doc__ or "") for part in parts]
    spoken = re.compile(rf"\b{re.escape(word)}", re.IGNORECASE)
    return tuple(dict.fromkeys(name for name, text in texts if spoken.search(text)))[:most]


def explainable() -> list[str]:
    """All words that have a page."""
    recipes = [part.__name__ for part in recipe_parts()]
    return [*mistakes(), *pages(), *registry.names(), *registry.words("function"), *recipes]


def recipe_parts() -> list[type[Configured]]:
    """The `train` block itself, a phase of it, and what its keys can be."""
    return [Recipe, Phase, *(choice for choices in CHOICES.values() for choice in choices.values())]


def recipe_part(word: str) -> type[Configured] | None:
    """The part of a recipe that a spec writes as this word."""
    return next((part for part in recipe_parts() if part.__name__ == word), None)


def find_layer(word: str) -> type[Layer] | None:
    """The layer of this name, or behind this function, operator or merge."""
    roles = (registry.find_by(role, word) for role in ("function", "operator", "merge"))
    return registry.find(word) or registry.find_construct(word) or next((layer for layer in roles if layer), None)


def layer_page(layer: type[Layer]) -> str:
    """The page of a layer: its call, its meaning, its inputs and results, with examples."""
    parts = [signature(layer), cleandoc(layer.__doc__ or ""), "\n".join(_facts(layer))]
    examples = [f"  {example.text}    # on {', '.join(example.inputs)}" for example in layer.examples]
    return "\n\n".join([*filter(None, parts), *(["Examples:\n" + "\n".join(examples)] if examples else [])])


def _facts(layer: type[Layer]) -> list[str]:
    """The arguments that go by position, inputs and results where there are several, and other spellings."""
    inputs = [*layer.inputs, *(f"{name}?" for name in layer.optional_inputs)]
    facts = []
    if len(layer.model_fields) > len(layer.by_position):
        facts.append(f"By position: {', '.join(layer.by_position) or 'nothing'}; by name: the other arguments")
    if len(inputs) != 1 or layer.variadic:
        facts.append(f"Inputs: {', '.join(inputs) or 'none'}{', ...' if layer.variadic else ''}")
    if issubclass(layer, Batched):
        facts.append("A single sample is taken, too: without the dimension of samples, in the result as in the input")
    if len(layer.outputs) > 1:
        facts.append(f"Results: {', '.join(layer.outputs)}")
    written = [
        *([f"{layer.function}(...)"] if layer.function else []),
        *([f"a {layer.operator} b"] if layer.operator else []),
        *([f"{layer.merge} {{ ... }}"] if layer.merge else []),
    ]
    return [*facts, *([f"Also written: {', '.join(written)}"] if written else [])]


def contents() -> str:
    """Everything that can be explained: codes with their first lines, and layers by family."""
    codes = [f"  {page.code}  {page.first_line}" for page in mistakes().values()]
    families: dict[str, list[str]] = {}
    for name, module in registry.families_of().items():
        families.setdefault(module.rpartition(".")[2].replace("_", " "), []).append(name)
    layers = [f"  {family}: {', '.join(sorted(names))}" for family, names in sorted(families.items())]
    recipes = [f"  {key}: {', '.join(choices)}" for key, choices in CHOICES.items()]
    words = [f"  {', '.join(heading(path))}" for path in dict.fromkeys(pages().values())]
    language = [line for line in words if line.strip() not in KEYS]
    keys = [f"  keys: {', '.join(line.strip() for line in words if line.strip() in KEYS)}"]
    parts = {"Language": language, "Mistakes": codes, "Layers": layers, "Recipes (train)": [*keys, *recipes]}
    return "\n\n".join("\n".join([f"{name}:", *lines]) for name, lines in parts.items())
