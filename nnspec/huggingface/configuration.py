"""The base of all configurations: checked values, the options that are supported, and the arguments for the zoo.

A file holds only what differs from transformers' defaults, so the defaults of the fields are transformers' own.
Options that change no parameter and no number at inference (token ids, the generation's settings) are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Argument: TypeAlias = "int | float | bool | str | tuple[float, ...] | LayerArgument | None"

Width = Annotated[int, Field(ge=1, lt=2**31)]  # a size or a number of layers
Probability = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class LayerArgument(NamedTuple):
    """A layer as an argument: `RMSNorm(eps = 1e-06)`. Its name and texts are our own."""

    name: str
    arguments: Mapping[str, Argument]


class Part(BaseModel):
    """Some options of a configuration."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", defer_build=True)

    # The values of options that the network of the zoo has; any other is refused.
    supported: ClassVar[Mapping[str, tuple[Any, ...]]] = {}

    def problems(self) -> Iterator[str]:
        """The options that are asked for and not supported, in words."""
        for name, values in self.supported.items():
            found = getattr(self, name)
            if found not in values:
                yield f"{name} is {found!r}, and only {' or '.join(map(repr, values))} is supported"


class Configuration(Part):
    """The configuration of a network of the zoo."""

    file: ClassVar[str]  # of the zoo
    # The class of transformers -> the model of the file; the first is what the configuration stands for by itself.
    models: ClassVar[Mapping[str, str]]

    architectures: tuple[str, ...] | None = None

    @property
    def architecture(self) -> str:
        """The class of transformers that is written: the one that the file names, or the family's own."""
        named = [name for name in self.architectures or () if name in self.models]
        return named[0] if named else next(iter(self.models))

    @property
    def left_out(self) -> tuple[str, ...]:
        """The classes that the file names and the zoo does not have, whose heads are not written."""
        return tuple(name for name in self.architectures or () if name not in self.models)

    def arguments(self) -> dict[str, Argument]:
        """The arguments of the zoo's model."""
        raise NotImplementedError(type(self).__name__)


def same(what: str, first: object, **others: object) -> Iterator[str]:
    """A problem for each option that must be equal to the first one and is not."""
    for name, value in others.items():
        if value != first:
            yield f"{name} is {value!r}, and only that of {what}, {first!r}, is supported"
