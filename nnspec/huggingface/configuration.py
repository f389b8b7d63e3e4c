"""The base of all configurations: checked values, the options that are supported, and the model that is written.

A file holds only what differs from transformers' defaults, so the defaults of the fields are transformers' own.
Every option of a file is a field here, one that changes no parameter and no number at inference (`passed.py`), or a
mistake: none is left out in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar, NamedTuple, TypeAlias

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from nnspec.huggingface.activations import ACTIVATIONS
from nnspec.huggingface.draft import Draft, Variant
from nnspec.huggingface.passed import PASSED
from nnspec.huggingface.spelling import Written

Width = Annotated[int, Field(ge=1, lt=2**31)]  # a size or a number of layers
Probability = Annotated[float, Field(ge=0, lt=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Place: TypeAlias = "tuple[str | int, ...]"  # of a value in a file: the keys on the way to it


def also(*names: str) -> Any:
    """A field that has further names in files: its own, and those by which transformers takes it, too."""
    return Field(validation_alias=AliasChoices(*names))


class Problem(NamedTuple):
    """Something that a configuration asks for and that is not supported, with the option that it is about."""

    place: Place
    text: str


class Part(BaseModel):
    """Some options of a configuration."""

    model_config = ConfigDict(frozen=True, strict=True, extra="allow", defer_build=True)

    # The values of options that the networks of the zoo have; any other is refused.
    supported: ClassVar[Mapping[str, tuple[Any, ...]]] = {}
    # The options that have no effect in this family, beside those that have none in any.
    passed: ClassVar[frozenset[str]] = frozenset()
    # The options that name an activation.
    activated: ClassVar[tuple[str, ...]] = ()
    activations: ClassVar[Mapping[str, Written]] = ACTIVATIONS

    def problems(self) -> Iterator[Problem]:
        """The options that are asked for and not supported."""
        for name, values in self.supported.items():
            found = getattr(self, name)
            if found not in values:
                wanted = " or ".join(map(repr, values))
                yield Problem((name,), f"{name} is {found!r}, and only {wanted} is supported")
        for name in self.activated:
            if getattr(self, name) not in self.activations:
                yield Problem(
                    (name,), f"{name} is {getattr(self, name)!r}, and only {', '.join(self.activations)} are supported"
                )
        for other, name in self.further_names().items():
            given, own = self._given(other), getattr(self, name)
            if given is not None and given != own:
                yield Problem((other,), f"{other} is {given!r}, and {name}, which is the same, {own!r}")
        for name, part in self:
            if isinstance(part, Part):
                yield from (Problem((name, *place), f"{name}: {text}") for place, text in part.problems())

    @classmethod
    def further_names(cls) -> Mapping[str, str]:
        """The names of options that stand for others."""
        choices = {name: field.validation_alias for name, field in cls.model_fields.items()}
        return {str(other): name for name, each in choices.items() if isinstance(each, AliasChoices)
                for other in each.choices[1:]}  # fmt: skip

    def _given(self, name: str) -> object:
        """What the file has of a name; None where it has it not."""
        return getattr(self, name) if name in self.model_fields_set else (self.model_extra or {}).get(name)

    def unknown(self) -> Iterator[Place]:
        """The options that are not understood; one that is null says nothing."""
        known = PASSED | self.passed | self.further_names().keys()
        for name, value in (self.model_extra or {}).items():
            if value is not None and name not in known:
                yield (name,)
        for name, part in self:
            if isinstance(part, Part):
                yield from ((name, *place) for place in part.unknown())


Head: TypeAlias = "Callable[[Any], Draft | Variant]"


class Configuration(Part):
    """The configuration of a network."""

    supported: ClassVar[Mapping[str, tuple[Any, ...]]] = {
        "is_decoder": (False,), "add_cross_attention": (False,), "pruned_heads": ({},),
    }  # fmt: skip
    # The class of transformers -> what it is as a spec; the first is what the configuration stands for by itself.
    heads: ClassVar[Mapping[str, Head]]
    # The keys of published files that are spelled otherwise, and ours; "" for a tensor that is none of the network.
    renames: ClassVar[Sequence[tuple[str, str]]] = ()

    # The keys that the weights beside a file may lack, and the configuration that it then is.
    lacking: ClassVar[Mapping[str, type[Configuration]]] = {}

    architectures: tuple[str, ...] | None = None
    is_decoder: bool = False
    add_cross_attention: bool = False
    pruned_heads: dict[str, list[int]] = {}
    num_labels: Width | None = None
    id2label: dict[str, str] | None = None
    pad_token_id: int | None = None

    @property
    def classes(self) -> int:
        """The number of classes of a classifier; transformers gives it two where the file names none."""
        if self.id2label and "num_labels" not in self.model_fields_set:
            return len(self.id2label)
        return self.num_labels or len(self.id2label or ()) or 2

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the spec leaves of the configuration."""
        return ()

    def named(self, architecture: str) -> str:
        """The class of transformers that the spec is, where it is not that of the file."""
        return architecture

    def model(self, architecture: str) -> Draft | Variant:
        """The model that a class of transformers is."""
        found = self.heads[architecture](self)
        return found._replace(renames=(*self.renames, *found.renames)) if isinstance(found, Draft) else found
