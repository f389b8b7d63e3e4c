"""The modules that are made so far, by key, with the variants of them that `interior.py` makes."""

from __future__ import annotations

from collections.abc import Callable

from nnspec.ir import Module, Program


class Modules(dict[str, Module]):
    """Modules by key."""

    def __init__(self) -> None:
        super().__init__()
        self.reached: dict[tuple[str, tuple[str, ...]], tuple[str, int]] = {}  # with a further output
        self.pruned: dict[tuple[str, tuple[int, ...]], str] = {}  # without what is not needed
        self.told: Callable[[str, Module], None] | None = None  # of each module that is added
        self._numbers: dict[str, int] = {}

    def add(self, module: Module) -> str:
        """Keep a module under a key: its name, numbered if need be."""
        number = self._numbers[module.name] = self._numbers.get(module.name, 0) + 1
        key = module.name if number == 1 else f"{module.name}.{number}"
        self[key] = module
        if self.told is not None:
            self.told(key, module)
        return key

    def program(self, entry: str) -> Program:
        """A module with all that it reaches, each behind those that it calls."""
        order = Program.model_construct(entry=entry, modules=self).order
        return Program.model_construct(entry=entry, modules={key: self[key] for key in order})
