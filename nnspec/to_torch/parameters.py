"""The parameters of a class: names for the numbers that differ between the modules that share it."""

from __future__ import annotations

from typing import Any

from nnspec.ir import Module
from nnspec.to_torch.construct import is_number
from nnspec.to_torch.names import variable
from nnspec.to_torch.row import Raw

_MULTIPLES = 64  # the largest factor that is recognised in `4 * width`
_FRACTIONS = ((3, 2), (5, 2), (3, 4), (5, 4))  # others that are
_SMALLEST = 4  # a smaller number in `forward` is a multiple of an argument by chance


class Parameters:
    """The parameters of a class: names for the numbers that differ between its modules."""

    def __init__(self, modules: list[Module]) -> None:
        self.chosen: dict[str, tuple[Any, ...]] = {}
        self._arguments = _arguments(modules)
        self._sizes = _sizes(modules)

    def name(self, values: tuple[Any, ...], hint: str) -> Raw:
        """The spelling of a number that differs, from its value in every module."""
        given, sizes = {**self.chosen, **self._arguments}, self._sizes
        found = (
            _equal(values, given)
            or _equal(values, {name: known for name, known in sizes.items() if name.startswith("in_")})
            or _multiple(values, given)
            or _equal(values, sizes)
            or _multiple(values, sizes)
        )
        if found:
            known_name, text = found
            return self._use(known_name, {**sizes, **given}[known_name], text)
        number, free = 1, variable(hint)
        while free in self.chosen or free in self._arguments or free in self._sizes:
            number += 1
            free = f"{variable(hint)}{number}"
        return self._use(free, values, "{}")

    def known(self, values: tuple[Any, ...]) -> Raw | None:
        """The spelling of numbers that are those of an argument of the block, or multiples; None where they are not."""
        found = _equal(values, self._arguments)
        if found is None and min(values) >= _SMALLEST:
            found = _multiple(values, self._arguments)
        return found and self._use(found[0], self._arguments[found[0]], found[1])

    def _use(self, name: str, values: tuple[Any, ...], text: str) -> Raw:
        self.chosen.setdefault(name, values)
        return Raw(text.format(name))


Known = dict[str, tuple[Any, ...]]


def _equal(values: tuple[Any, ...], known: Known) -> tuple[str, str] | None:
    """The name of the numbers that these are, and how it is written."""
    return next(((name, "{}") for name, numbers in known.items() if numbers == values), None)


def _multiple(values: tuple[Any, ...], known: Known) -> tuple[str, str] | None:
    """The name of numbers of which these are a multiple or a fraction, and how that is written."""
    if not all(isinstance(value, int) for value in values):
        return None
    for name, numbers in known.items():
        if not all(isinstance(number, int) and number > 0 for number in numbers):
            continue
        for factor in range(2, _MULTIPLES + 1):
            if all(value == factor * base for value, base in zip(values, numbers, strict=True)):
                return name, f"{factor} * {{}}"
            if all(value * factor == base for value, base in zip(values, numbers, strict=True)):
                return name, f"{{}} // {factor}"
        for above, below in _FRACTIONS:
            if all(value * below == above * base for value, base in zip(values, numbers, strict=True)):
                return name, f"{above} * {{}} // {below}"
    return None


def _arguments(modules: list[Module]) -> Known:
    """The arguments of the block that are numbers and differ."""
    names = [name for name in modules[0].arguments if all(name in module.arguments for module in modules)]
    return _differing({variable(name): tuple(_tuple(module.arguments[name]) for module in modules) for name in names})


def _differing(known: Known) -> Known:
    return {name: values for name, values in known.items() if all(map(is_number, values)) and len(set(values)) > 1}


def _sizes(modules: list[Module]) -> Known:
    """The channels and features of the first input and output, where they are numbers and differ."""
    found: Known = {}
    for prefix, types in (
        ("in", [module.input_types[:1] for module in modules]),
        ("out", [module.output_types[:1] for module in modules]),
    ):
        shapes = [given[0].shape if given else () for given in types]
        if all(len(sizes) >= 3 for sizes in shapes):
            found.setdefault(f"{prefix}_channels", tuple(sizes[1] for sizes in shapes))
        if all(sizes for sizes in shapes):
            found.setdefault(f"{prefix}_features", tuple(sizes[-1] for sizes in shapes))
    return _differing(found)


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
