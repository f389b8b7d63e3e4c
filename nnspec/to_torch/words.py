"""Names for the sizes of a block that only its shapes have: `width` for the D in `[N, T, D]`, as its callers say.

A block that is applied where the size is the caller's `width` calls it so, too. Where the callers have no name for it,
or different ones, it is that of the spec if that is a word, and else what such a size is: `in_channels`.
"""

from __future__ import annotations

from nnspec.to_torch.names import variable
from nnspec.to_torch.origins import Origins


class Words:
    """The names of parameters in the classes of a program."""

    def __init__(self, origins: Origins) -> None:
        self.origins = origins
        self._found: dict[tuple[str, str], str] = {}

    def of(self, key: str, name: str) -> str:
        """The parameter of a class for what its block calls so."""
        block = self.origins.block[key]
        if block not in self.origins.numbers or (block, name) not in self._found:
            self._found[block, name] = ""  # a block that is inside itself asks again
            self._found[block, name] = self._of(block, name)
        return self._found[block, name] or variable(name)

    def _of(self, block: str, name: str) -> str:
        module, sizes = self.origins.program.modules[block], self.origins.own_sizes(block)
        if name not in sizes:
            return variable(name)
        taken = {variable(other) for other in module.arguments}
        taken |= {self._found.get((block, other)) or variable(other) for other in sizes if other != name}
        index, dim = sizes[name]
        words = (self._of_callers(block, name), _usual(name, module.input_types[index].rank, dim), variable(name))
        return next((word for word in words if word and word not in taken), variable(name))

    def _of_callers(self, block: str, name: str) -> str:
        """The name that all callers have for it; "" where there is none."""
        alike = [key for key in self.origins.sites if self._is_like(key, block)]
        found: set[str] = set()
        for caller, value in [site for key in alike for site in self.origins.sites[key]]:
            given = self.origins.given[caller, value].get(name)
            if given is None:
                continue
            text = given.text
            if not text.isidentifier():
                return ""
            found.add(self.of(caller, text))
        return found.pop() if len(found) == 1 else ""

    def _is_like(self, key: str, block: str) -> bool:
        """Whether a module may be of the class of a block: it is made of the same block of the spec."""
        modules = self.origins.program.modules
        return modules[key].place == modules[block].place


def _usual(name: str, rank: int, dim: int) -> str:
    """The usual word for a size that a spec has but a letter for, or nothing; "" where it has a word."""
    if name == "in_features" and rank > 2:
        return "dim"
    if len(name) > 2:
        return ""
    if name[0] == "C":
        return "in_features" if rank == 2 else "in_channels" if rank > 3 and dim == 1 else "channels"
    if name[0] in "DEF" and dim == rank - 1:
        return "in_features" if rank == 2 else "dim"
    return variable(name.lower())
