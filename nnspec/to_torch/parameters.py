"""The parameters of a class: those of its block, and names for other numbers that differ between its modules."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from nnspec.to_torch.construct import is_number
from nnspec.to_torch.formula import Number, names, value, written
from nnspec.to_torch.names import variable
from nnspec.to_torch.number import Real, Whole, plain
from nnspec.to_torch.origins import Origins
from nnspec.to_torch.row import Raw

_MULTIPLES = 64  # the largest factor that is recognised in `4 * width`
_FRACTIONS = ((3, 2), (5, 2), (3, 4), (5, 4))  # others that are
_SEVERAL = 3  # places at which a class is built
_SMALLEST = 4  # a smaller number in `forward` is a multiple of an argument by chance

Known = dict[str, tuple[Any, ...]]


class Parameters:
    """The parameters of a class: the values that they have in each of its modules, by name, and what they stand for."""

    def __init__(self, origins: Origins, keys: list[str], word: Callable[[str, str], str]) -> None:
        self.origins = origins
        self.keys = keys
        self.modules = [origins.program.modules[key] for key in keys]
        self.chosen: Known = {}
        self.of_block: dict[str, str] = {}  # what the block calls them, where it does
        self._entry = any(origins.block[key] == origins.program.entry for key in keys)
        self._words = {name: word(key, name) for key in keys[:1] for name in origins.numbers[key]}
        self._arguments = self._differing_arguments()
        self._sizes = self._differing_sizes()

    def name(self, values: tuple[Any, ...], hint: str) -> Any:
        """The spelling of a number of a constructor, from its value in every module; itself where it is always one."""
        found = self.written(values) or self._same(values)
        if found is not None:
            return found
        values = plain(values)
        given, sizes = {**self.chosen, **self._arguments}, self._sizes
        close = (
            _equal(values, given)
            or _equal(values, {name: known for name, known in sizes.items() if name not in _OUTER})
            or _multiple(values, given)
            or _equal(values, sizes)
            or _multiple(values, sizes)
        )
        if close:
            known_name, text = close
            return self._use(known_name, {**sizes, **given}[known_name], text)
        number, free = 1, variable(hint)
        while free in self.chosen or free in self._arguments or free in self._sizes:
            number += 1
            free = f"{variable(hint)}{number}"
        return self._use(free, values, "{}")

    def in_forward(self, values: tuple[Any, ...]) -> Raw | None:
        """The spelling of a number of `forward`; None where it is none of the block's parameters, nor a multiple."""
        same = self._same(values) is not None
        if not same or self._reads_well(values):
            found = self.written(values)
            if found is not None or same:
                return found
        if same:
            return None
        values = plain(values)
        close = _equal(values, self._arguments)
        if close is None and min(values) >= _SMALLEST:
            close = _multiple(values, self._arguments)
        return close and self._use(close[0], self._arguments[close[0]], close[1])

    def _reads_well(self, values: tuple[Any, ...]) -> bool:
        """Whether a number of `forward` is better read as what it is made of than as it is."""
        texts = {each.text for each in values if isinstance(each, (Whole, Real))}
        sizes = self.origins.own_sizes(self.keys[0])
        places = {name for name, (_, dim) in sizes.items() if not self._is_width(name, dim)}
        return all(text.count(" ") <= 2 and places.isdisjoint(names(text)) for text in texts)

    def _is_width(self, name: str, dim: int) -> bool:
        """Whether a size is that of channels or features, and not of an image or a sequence."""
        index, _ = self.origins.own_sizes(self.keys[0])[name]
        rank = self.modules[0].input_types[index].rank
        return name[0] in "CDEF" or len(name) > 2 or (rank < 4 and dim == rank - 1)

    def written(self, values: tuple[Any, ...]) -> Raw | None:
        """The spelling that one of the modules has for the number, if it is that of all."""
        if self._entry:
            return None  # the model itself is made of numbers
        numbers = plain(values)
        for text in dict.fromkeys(each.text for each in values if isinstance(each, (Whole, Real))):
            known = [self.origins.numbers[key] for key in self.keys]
            if all(set(names(text)) <= given.keys() for given in known) and all(
                _same(value(text, given), number) for given, number in zip(known, numbers, strict=True)
            ):
                for name in names(text):
                    self._use(self._words[name], tuple(given[name] for given in known), "{}")
                    self.of_block[self._words[name]] = name
                return Raw(written(text, self._words))
        return None

    def spoken(self, sizes: tuple[Any, ...]) -> str:
        """The words for a size that is this in each module, by what is a parameter already; "" where there are none."""
        numbers = plain(sizes)
        for text in dict.fromkeys(each.text for each in sizes if isinstance(each, Whole)):
            known = [self.origins.numbers[key] for key in self.keys]
            ready = all(self._words.get(name, "") in self.chosen for name in names(text))
            if ready and all(value(text, given) == number for given, number in zip(known, numbers, strict=True)):
                return written(text, self._words)
        return str(numbers[0]) if len({*map(str, numbers)}) == 1 else ""

    def in_order(self) -> Known:
        """The parameters as a person would have them: the sizes of what flows in, those of the block, all others."""
        sizes = self.origins.own_sizes(self.keys[0])
        first = [name for name, (index, _) in sizes.items() if index == 0]
        declared = [*first, *self.modules[0].arguments, *sizes]
        places = {self._words[name]: place for place, name in reversed([*enumerate(declared)]) if name in self._words}
        incoming = {name for name in self._sizes if name not in _OUTER}
        return dict(
            sorted(self.chosen.items(), key=lambda item: -1 if item[0] in incoming else places.get(item[0], 99))
        )

    def defaults(self, chosen: Known) -> dict[str, Any]:
        """The parameters that are the same number at each of several places, beyond the first two."""
        entry = self.origins.program.entry
        sites = [site for key in self.keys for site in self.origins.sites.get(key, ())]
        found: dict[str, Any] = {}
        for name in list(chosen)[2:] if len(sites) >= _SEVERAL else ():
            given = [self.origins.given[site].get(self.of_block.get(name, "")) for site in sites]
            plain = all(
                each is not None and (not each.text or self.origins.block[key] == entry)
                for each, (key, _) in zip(given, sites, strict=True)
            )
            if plain and self._same(chosen[name]) is not None:
                found[name] = chosen[name][0]
        return found

    @staticmethod
    def _same(values: tuple[Any, ...]) -> Any:
        first = plain(values[0])
        return first if all(_same(plain(each), first) for each in values) else None

    def _use(self, name: str, values: tuple[Any, ...], text: str) -> Raw:
        self.chosen.setdefault(name, values)
        if name in self._arguments:
            self.of_block.setdefault(name, next((own for own, word in self._words.items() if word == name), ""))
        return Raw(text.format(name))

    def _differing_arguments(self) -> Known:
        """The arguments of the block that are numbers and differ."""
        found = self.modules[0].arguments
        own = [name for name in found if all(name in module.arguments for module in self.modules)]
        return _differing(
            {
                self._words.get(name, variable(name)): tuple(_tuple(m.arguments[name]) for m in self.modules)
                for name in own
            }
        )

    def _differing_sizes(self) -> Known:
        """The channels and features of the first input and output, where they are numbers and differ."""
        named = {place: self._words[name] for name, place in self.origins.own_sizes(self.keys[0]).items()}
        found: Known = {}
        for prefix, types in (
            ("in", [module.input_types[:1] for module in self.modules]),
            ("out", [module.output_types[:1] for module in self.modules]),
        ):
            shapes = [given[0].shape if given else () for given in types]
            own = named if prefix == "in" else {}
            if all(len(sizes) >= 3 for sizes in shapes):
                found.setdefault(own.get((0, 1), f"{prefix}_channels"), tuple(sizes[1] for sizes in shapes))
            if all(sizes for sizes in shapes):
                last = own.get((0, len(shapes[0]) - 1), f"{prefix}_features")
                found.setdefault(last, tuple(sizes[-1] for sizes in shapes))
        return _differing(found)


_OUTER = ("out_channels", "out_features")


def _same(left: Number | None, right: Number | None) -> bool:
    return type(left) is type(right) and left == right


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


def _differing(known: Known) -> Known:
    return {name: values for name, values in known.items() if all(map(is_number, values)) and len(set(values)) > 1}


def _tuple(value: Any) -> Any:
    return tuple(map(_tuple, value)) if isinstance(value, list) else value
