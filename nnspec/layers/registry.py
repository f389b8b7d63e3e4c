"""Finding layers by what a spec writes: `Conv2d`, `exp(x)`, `a + b`, `concat { ... }`.

A layer exists when its class is registered. Those of nnspec are, as soon as a module of `families` defines them; a
class whose name begins with an underscore is a base for others. A family is imported when one of its layers is first
asked for (importing all of them would double the start-up of `nnspec summary`), so the index of names is read from the
text of the sources. Layers of plug-ins are registered by the plug-in.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, TypeVar

from nnspec.diagnostics import SpecError
from nnspec.layers import families
from nnspec.layers.base import Layer
from nnspec.registration import BadRegistration, check_classes, check_free

CONSTRUCTS = {"Mixture": "nnspec.layers.mixture"}  # what is written as a layer is, and is no call of one in the IR

# Over bytes: decoding all sources would cost more than searching them.
_DEFINITION = rb'(?m)^class ([A-Z]\w*)\(|^    (function|operator|merge)(?:: ClassVar\[[^\n]*\])? = "([^"\n]+)"'


@cache
def _index() -> tuple[dict[str, str], dict[tuple[str, str], str]]:
    """Layer name -> its family, and (role, word) such as ("operator", "+") -> layer name."""
    family_of: dict[str, str] = {}
    named: dict[tuple[str, str], str] = {}
    for module in pkgutil.iter_modules(families.__path__):
        path = f"{families.__name__}.{module.name}"
        spec: Any = module.module_finder.find_spec(path)  # type: ignore[call-arg]
        current = ""
        for definition, role, word in re.findall(_DEFINITION, spec.loader.get_data(spec.origin)):
            if definition:
                current = definition.decode()
                family_of[current] = path
            else:
                named[role.decode(), word.decode()] = current
    return family_of, named


ROLES = ("function", "operator", "merge")
Registered = TypeVar("Registered", bound=type[Layer])
_layers: dict[str, type[Layer]] = {}  # all that are registered, by name
_roles: dict[tuple[str, str], type[Layer]] = {}


def register_layer(cls: Registered) -> Registered:
    """Let specs write a layer, by its name and as the function, operator or merge that it says it is.

    Losses and metrics are layers, too. What a layer is lowered to is registered beside it: see `register_torch_row` and
    `register_onnx_row`.

    Args:
        cls: a subclass of `nnspec.plugin.Layer`, whose name is what a spec writes.

    Raises:
        SpecError: the name, or one of its other spellings, is another layer's; or the class is no such layer.
    """
    check_classes([cls], Layer, "layer")
    name = cls.__name__
    if not (name[:1].isupper() and name.isidentifier()):
        advice = "register a subclass of nnspec.plugin.Layer whose name begins with a capital letter"
        raise SpecError.of(BadRegistration(None, name, "it is no layer", advice))
    if not is_built_in(cls):
        _check_free(cls)
    _layers[name] = cls
    _roles.update(dict.fromkeys(_spellings(cls), cls))
    return cls


def is_built_in(cls: type[Layer]) -> bool:
    """Whether a layer is one of nnspec's own."""
    return cls.__module__.startswith("nnspec.")


def _spellings(cls: type[Layer]) -> list[tuple[str, str]]:
    """The roles that a layer has itself, and not from a base, with the word for each."""
    own = {role: vars(cls).get(role) for role in ROLES}
    return [(role, word) for role, word in own.items() if isinstance(word, str)]


def _check_free(cls: type[Layer]) -> None:
    """Check that no other layer has the name of a plug-in's, or one of its words.

    Raises:
        SpecError: one has.
    """
    check_free("layer", cls.__name__, cls, {cls.__name__: layer} if (layer := find(cls.__name__)) else {})
    for role, word in _spellings(cls):
        check_free(role, word, cls, {word: layer} if (layer := find_by(role, word)) else {})


def find(name: str) -> type[Layer] | None:
    """The layer that a spec calls `name`, or None."""
    path = _index()[0].get(name)
    if name not in _layers and path is not None:
        register_layer(getattr(importlib.import_module(path), name))
    return _layers.get(name)


def find_construct(name: str) -> type[Layer] | None:
    """The word of this name that takes a block, and becomes a call of it; or None."""
    path = CONSTRUCTS.get(name)
    return None if path is None else getattr(importlib.import_module(path), name)


def find_by(role: str, word: str) -> type[Layer] | None:
    """The layer behind a `function` (exp), an `operator` (+) or a `merge` (concat), or None."""
    name = _index()[1].get((role, word))
    return _roles.get((role, word)) if name is None else find(name)


def read_layer(form: Any) -> Layer:
    """The layer of a JSON form.

    Raises:
        ValueError: it is none of this version.
    """
    layer = find(str(form.get("layer"))) if isinstance(form, dict) else None
    if layer is None:
        raise ValueError(f"not a layer of this version of nnspec: {form!r}")
    arguments = form.get("arguments", {})
    if not isinstance(arguments, dict):
        raise ValueError(f"the arguments of {form['layer']} must be an object")
    return layer(**{str(name): _tuples(item) for name, item in arguments.items()})


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def layer_form(layer: Layer) -> dict[str, Any]:
    """The JSON form of a layer."""
    return {"layer": layer.kind, "arguments": layer.form()}


def families_of() -> dict[str, str]:
    """Layer name -> the module of its family."""
    return {**{name: cls.__module__ for name, cls in _layers.items()}, **_index()[0], **CONSTRUCTS}


def names() -> list[str]:
    """The names of all layers, sorted."""
    return sorted(families_of())


def words(role: str) -> list[str]:
    """The words that stand for a layer in one role."""
    return sorted({word for kind, word in (*_index()[1], *_roles) if kind == role})


def all_layers() -> Iterator[type[Layer]]:
    """Every layer class of nnspec, by name; imports all families."""
    for name in sorted(_index()[0]):
        layer = find(name)
        assert layer is not None
        yield layer
