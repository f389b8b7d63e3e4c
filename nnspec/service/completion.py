"""The words that could stand at the cursor. The text before it is read as it stands: it is hardly ever whole."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, get_args, get_origin

from nnspec.elaborate.builder.signature import argument_names, describe_annotation, signature
from nnspec.elaborate.describe import describe
from nnspec.elaborate.evaluate.arithmetic import FUNCTIONS
from nnspec.elaborate.instantiate.arguments import variant_of
from nnspec.layers import registry
from nnspec.layers.loss import Loss
from nnspec.recipe.choice import CHOICES
from nnspec.recipe.recipe import EXPRESSIONS, KEYS, PHASE_KEYS, Recipe
from nnspec.record import Record
from nnspec.reference import page_of
from nnspec.service.answers import Completion, Edit
from nnspec.service.document import Document
from nnspec.service.fixes import library
from nnspec.service.members import fields, members
from nnspec.service.names import Names
from nnspec.service.shapes import several
from nnspec.syntax import tree as t

_SIGN = r'#[^\n]*|"(?:\\.|[^"\\\n])*"|[()\[\]{}]|\n'
_TOP = ("model", "block", "import", "train")
_IN_BODY = ("input", "output", "residual", "concat", "add", "multiply", "for", "if", "require", "training", "scan",
            "order", "rename")  # fmt: skip
"""Keywords that begin a statement or step."""


class _Place(Record):
    """The place of the cursor: the words before it on its line, the brackets around it, its declaration."""

    kind: str  # model, block, train, phase, or "" outside all
    line: str  # from the start of the line up to the cursor
    callee: str  # what the innermost `(` is behind; "" where there is none
    given: str  # the text between that bracket and the cursor
    start: int  # of the declaration


def complete(document: Document, offset: int) -> list[Completion]:
    """The words that could stand at an offset, those that fit best first."""
    text = document.text[:offset]
    place = _place(text)
    before = re.search(r"[A-Za-z_]\w*$", text)
    start = before.start() if before else offset
    following = re.match(r"\w*", document.text[offset:])
    end = offset + (following.end() if following else 0)
    if re.match(r"^\s*import\b", place.line) and place.kind == "":
        found: Iterable[Completion] = _imports(document, place.line, offset)
    elif _quoted(place.line) or _commented(place.line):
        found = ()
    elif place.kind and (dotted := re.search(r"([A-Za-z_]\w*(?:\.\w+)*)\.\w*$", place.line)):
        found = _behind_dot(document, place, dotted[1], offset - len(dotted[0]), end)
    elif re.search(r"(?<!\w)\d[\d.]*$", place.line):  # a number
        found = ()
    elif place.callee:
        found = _in_call(document, place, offset)
    elif place.kind in ("train", "phase"):
        found = _in_recipe(document, place, offset)
    elif place.kind:
        found = _in_body(document, place, offset)
    else:
        found = _words(_TOP)
    typed = text[start:offset].lower()
    chosen: dict[str, Completion] = {}
    for each in found:
        if each.label.lower().startswith(typed) or each.kind == "file":
            placed = each if each.end else each.replace(start=start, end=end)
            chosen.setdefault(each.label, placed)
    return list(chosen.values())


# --- where the cursor stands


def _place(text: str) -> _Place:
    start = 0
    for match in re.finditer(r"(?m)^(?:block|model|import|train)\b", text):
        start = match.start()
    stack: list[tuple[str, int]] = []
    for match in re.finditer(_SIGN, text[start:]):
        if match[0] in "([{":
            stack.append((match[0], start + match.start()))
        elif match[0] in ")]}" and stack:
            stack.pop()
    word = re.match(r"\w*", text[start:])
    kind = word[0] if word and stack and word[0] != "import" else ""
    line = text[text.rfind("\n") + 1 :]
    if kind == "train" and any(re.search(r"\bphase\s+\w+\s*$", text[:at]) for sign, at in stack if sign == "{"):
        kind = "phase"
    callee, given = "", ""
    if stack and stack[-1][0] == "(":
        at = stack[-1][1]
        called = re.search(r"([A-Za-z_]\w*)$", text[:at])
        if called and not re.search(r"\b(?:model|block)\s+\w+$", text[:at]):
            callee, given = called[1], text[at + 1 :]
    elif stack and stack[-1][0] == "[" and len(stack) > 1 and stack[-2][0] == "(":
        callee = ""
    return _Place(kind, line, callee, given, start)


def _quoted(line: str) -> bool:
    return re.sub(r'\\.|"(?:\\.|[^"\\])*"', "", line).count('"') % 2 == 1


def _commented(line: str) -> bool:
    return "#" in re.sub(r'"(?:\\.|[^"\\])*"', "", line)


# --- what could stand there


def _imports(document: Document, line: str, offset: int) -> Iterator[Completion]:
    """The paths of files behind `from`, and the names that they declare before it."""
    quoted = re.search(r'from\s+"([^"]*)$', line)
    behind = document.text[offset:].split("\n", 1)[0]
    if quoted:
        rest = re.match(r'[^"\n]*', behind)
        start, end = offset - len(quoted[1]), offset + (len(rest[0]) if rest else 0)
        for path, names in (_own_files(document) | library()).items():
            if path.startswith(quoted[1]):
                yield Completion(path, "file", path, ", ".join(names), start=start, end=end)
        return
    if re.search(r"from\s*$", line):
        for path, names in (_own_files(document) | library()).items():
            yield Completion(f'"{path}"', "file", f'"{path}"', ", ".join(names), start=offset, end=offset)
        return
    from_ = re.match(r'.*?from\s+"([^"]*)"', behind)
    files = _own_files(document) | library()
    if from_:
        yield from (Completion(name, "block", name, from_[1]) for name in files.get(from_[1], ()))
        return
    alone = not behind.strip() and "," not in line
    for path, names in files.items():
        for name in names:
            edits = (Edit(offset, offset, f' from "{path}"'),) if alone else ()
            yield Completion(name, "block", name, path, edits=edits)
    yield from _words(("from", "as"))


def _own_files(document: Document) -> dict[str, list[str]]:
    """The other specs in the folder of the text, and what they declare."""
    if document.path is None:
        return {}
    found: dict[str, list[str]] = {}
    for path in sorted(document.path.parent.glob("*.nn"))[:100]:
        if path != document.path:
            try:
                text = path.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError):
                continue
            found[path.name] = re.findall(r"(?m)^(?:block|model)[ \t]+(\w+)", text)
    return found


def _in_call(document: Document, place: _Place, offset: int) -> Iterator[Completion]:
    """The arguments of what is called, or the values of one of them."""
    value = re.search(r"([A-Za-z_]\w*)\s*=\s*[\w\"]*$", place.given)
    given = set(re.findall(r"([A-Za-z_]\w*)\s*=(?!=)", place.given))
    fillable: Any = None
    if place.kind in ("train", "phase"):
        fillable = next((choices[place.callee] for choices in CHOICES.values() if place.callee in choices), None)
    layer = registry.find(place.callee) or registry.find_construct(place.callee)
    fillable = fillable or layer or registry.find_by("function", place.callee)
    definition = document.readable.declarations.names.get(place.callee)
    if value is not None and fillable is not None and value[1] in fillable.model_fields:
        yield from _values(fillable.model_fields[value[1]].annotation)
    elif value is None and fillable is not None:
        for name in argument_names(fillable):
            if name not in given:
                field = fillable.model_fields[name]
                default = "" if field.is_required() else f", default {describe(field.default)}"
                about = f"{describe_annotation(field.annotation)}{default}"
                yield Completion(name, "argument", f"{name} = ", about)
    elif value is None and definition is not None:
        for each in (definition, *variant_of(definition)):
            for parameter in each.declaration.parameters:
                if parameter.name.text not in given:
                    shown = each.source.text[parameter.start : parameter.end]
                    yield Completion(parameter.name.text, "argument", f"{parameter.name.text} = ", shown)
    if place.kind in ("train", "phase"):
        yield from _results(document)
        yield from _functions(losses=True)
    else:
        yield from _in_scope(document, place, offset)
        yield from _declared(document)
        yield from _layers()
    yield from _functions()


def _values(annotation: object) -> Iterator[Completion]:
    """The values that a type is known to have."""
    pending = [annotation]
    while pending:
        each = pending.pop(0)
        if each is bool:
            yield from _words(("true", "false"), "value")
        elif each is type(None):
            yield from _words(("none",), "value")
        elif str(get_origin(each)) == "typing.Literal":
            yield from (Completion(describe(word), "value", describe(word)) for word in get_args(each))
        else:
            pending += get_args(each)


def _in_recipe(document: Document, place: _Place, offset: int) -> Iterator[Completion]:
    """The keys of a recipe, or what one of them may be."""
    key = re.match(r"\s*(\w+)\s*=", place.line)
    if key is None:
        end = document.text.find("\n}", offset)
        body = document.text[place.start : end if end >= 0 else len(document.text)]
        given = set(re.findall(r"(?m)^\s*(\w+)\s*=", body)) if place.kind == "train" else set()
        for name in PHASE_KEYS if place.kind == "phase" else KEYS:
            if name not in given:
                page = page_of(name) or ""
                yield Completion(name, "key", f"{name} = ", _sentence(page), page)
        yield from _words(("phase", "if", "for"))
        return
    if key[1] in CHOICES:
        for word, choice in CHOICES[key[1]].items():
            yield Completion(word, "word", word, signature(choice), choice.__doc__ or "")
    if key[1] in ("freeze", "drop", "update"):
        parts = members(document, place.start, ())
        yield from (Completion(each.name, "value", each.name, each.about) for each in parts)
    field = Recipe.model_fields.get(key[1])
    if field is not None:
        yield from _values(field.annotation)
    if key[1] in EXPRESSIONS:
        yield from _functions(losses=True)
        yield from _functions()
    yield from _results(document)
    yield from _declared(document)


def _behind_dot(document: Document, place: _Place, path: str, start: int, end: int) -> list[Completion]:
    """What lies inside a step. What is being written is hardly a step yet: another one stands in for it."""
    for sound in (path, "_"):
        text = document.text[:start] + sound + document.text[end:]
        found = list(members(document.changed(text), place.start, path.split(".")))
        if found:
            return [Completion(each.name, "value", each.name, each.about) for each in found]
    return []


def _results(document: Document) -> Iterator[Completion]:
    """The outputs of the models that are sound, and the fields of the data."""
    for name, field in fields(document).items():
        yield Completion(name, "value", name, "of the data" if field is None else f"of the data, {field.shape}")
    for model in document.models:
        main = model.program.main
        for port, type in zip(main.outputs, main.output_types, strict=True):
            yield Completion(port.name, "value", port.name, f"{type}")


def _in_body(document: Document, place: _Place, offset: int) -> Iterator[Completion]:
    """Steps and statements."""
    dtype = re.search(r"\binput\s+\w+\s*:\s*\w*$", place.line)
    if dtype:
        yield from _words(("float", "int", "bool"))
        return
    yield from _in_scope(document, place, offset)
    yield from _declared(document)
    yield from _layers()
    yield from _functions()
    if re.fullmatch(r"\s*\w*", place.line):
        yield from _words(_IN_BODY)
    elif re.search(r"(?:->|=|:|\{)\s*\w*$", place.line):
        yield from _words(("residual", "concat", "add", "multiply", "scan"))
    yield from _words(("true", "false", "none", "if", "else", "and", "or", "not", "x", "skip", "in"))


def _in_scope(document: Document, place: _Place, offset: int) -> Iterator[Completion]:
    """The names that the body gives before the cursor."""
    names = document.once(Names)
    types = {start: several(kinds) for (start, _), kinds in document.steps.items()}
    for each in reversed(names.occurrences):
        if each.gives and each.key[1] == place.start and place.start <= each.start and each.end < offset:
            yield Completion(each.key[2], "value", each.key[2], types.get(each.start, ""))


def _declared(document: Document) -> Iterator[Completion]:
    """The blocks and models of the file, and those that it imports."""
    for name, definition in document.readable.declarations.names.items():
        declaration = definition.declaration
        kind = "model" if isinstance(declaration, t.Model) else "block"
        shown = definition.source.text
        parameters = ", ".join(shown[each.start : each.end] for each in declaration.parameters)
        yield Completion(name, kind, name, f"{name}({parameters})", declaration.documentation)


def _layers() -> Iterator[Completion]:
    for name, family in sorted(registry.families_of().items()):
        yield Completion(name, "layer", name, family.rpartition(".")[2].replace("_", " "))


def _functions(*, losses: bool = False) -> Iterator[Completion]:
    """Functions of the language; or only losses and metrics."""
    for word in registry.words("function"):
        if not losses:
            yield Completion(word, "function", word)
        else:
            layer = registry.find_by("function", word)
            if layer is not None and issubclass(layer, Loss):
                yield Completion(word, "function", word, signature(layer), layer.__doc__ or "")
    if not losses:
        yield from (Completion(word, "function", word) for word in FUNCTIONS)


def _words(words: Iterable[str], kind: str = "keyword") -> Iterator[Completion]:
    return (Completion(word, kind, word) for word in words)


def _sentence(page: str) -> str:
    """The first sentence of a page of the reference."""
    return " ".join(page.partition("\n\n")[2].partition("\n\n")[0].split()).partition(". ")[0]
