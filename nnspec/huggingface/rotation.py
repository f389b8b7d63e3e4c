"""The rotation of queries and keys by positions, as the layer of a spec: `RotaryEmbedding(base = 500000.0)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log
from typing import ClassVar

from pydantic import Field

from nnspec.huggingface.configuration import Configuration, Part, Positive, Problem, Width
from nnspec.huggingface.spelling import Argument, Written, call

# The options of each way to scale, beside its factor.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "dynamic": ("original_max_position_embeddings",),
    "yarn": ("original_max_position_embeddings", "beta_fast", "beta_slow", "attention_factor", "truncate",
             "mscale", "mscale_all_dim"),
    "longrope": ("original_max_position_embeddings", "short_factor", "long_factor", "attention_factor"),
    "llama3": ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"),
}  # fmt: skip
# Those that the layer has by the same names.
_SAME = ("beta_fast", "beta_slow", "attention_factor", "truncate", "short_factor", "long_factor", "low_freq_factor",
         "high_freq_factor")  # fmt: skip
OLD_NAMES = {"su": "longrope"}


class Rotation(Part):
    """`rope_parameters` of new files, `rope_scaling` of older ones."""

    rope_type: str | None = None
    type: str | None = None
    rope_theta: Positive | None = None
    partial_rotary_factor: Positive | None = None
    factor: Positive | None = None
    original_max_position_embeddings: Width | None = None
    low_freq_factor: Positive | None = None
    high_freq_factor: Positive | None = None
    beta_fast: Positive | None = None
    beta_slow: Positive | None = None
    attention_factor: Positive | None = None
    mscale: float | None = None
    mscale_all_dim: float | None = None
    truncate: bool | None = None
    short_factor: tuple[Positive, ...] | None = Field(None, strict=False)
    long_factor: tuple[Positive, ...] | None = Field(None, strict=False)

    @property
    def scaling(self) -> str | None:
        """The way that the frequencies are scaled, if they are."""
        kind = self.rope_type or self.type
        return None if kind in (None, "default") else OLD_NAMES.get(kind, kind)

    def problems(self) -> Iterator[Problem]:
        """A way to scale that is not known, or options that it does not take."""
        if self.scaling is not None and self.scaling not in OPTIONS:
            place = ("rope_type",) if self.rope_type else ("type",)
            yield Problem(place, f"the type is {self.scaling!r}, and only {', '.join(OPTIONS)} are supported")
            return
        taken = {"rope_type", "type", "rope_theta", "partial_rotary_factor"}
        if self.scaling is not None:
            taken |= {"factor", *OPTIONS[self.scaling]}
        for name in type(self).model_fields:
            if name not in taken and getattr(self, name) is not None:
                yield Problem((name,), f"it has {name}, which {self.scaling or 'unscaled positions'} do not take")
        if self.scaling in ("linear", "dynamic", "llama3") and self.factor is None:
            yield Problem(("rope_type",) if self.rope_type else ("type",), f"{self.scaling} needs a factor")

    def arguments(self, longest: int, original: int | None) -> dict[str, Argument]:
        """The arguments of the layer that are about scaling."""
        if self.scaling is None:
            return {}
        length = original or self.original_max_position_embeddings or longest
        factor = self.factor or longest / length
        found: dict[str, Argument] = {"scaling": self.scaling, "factor": factor}
        if self.scaling != "linear":
            found["original_length"] = longest if self.scaling == "dynamic" else length
        given = {name: getattr(self, name) for name in _SAME}
        if self.scaling == "yarn" and self.mscale and self.mscale_all_dim and self.attention_factor is None:
            given["attention_factor"] = stretch(factor, self.mscale) / stretch(factor, self.mscale_all_dim)
        return found | {name: value for name, value in given.items() if value is not None}


def stretch(factor: float, scale: float) -> float:
    """What YaRN multiplies scores with for sequences that are longer by a factor."""
    return 1.0 if factor <= 1 else 0.1 * scale * log(factor) + 1.0


class Turned(Configuration):
    """The base of the configurations of models whose queries and keys are turned."""

    base: ClassVar[float] = 10000.0  # where the file says nothing

    max_position_embeddings: Width = 2048
    original_max_position_embeddings: Width | None = None
    rope_theta: Positive | None = None
    partial_rotary_factor: Positive | None = None
    rope_scaling: Rotation | None = None
    rope_parameters: Rotation | None = None

    def turn(self, size: int, **more: Argument) -> Written:
        """The layer that turns heads of `size` features."""
        rotation = self.rope_scaling or self.rope_parameters or Rotation()
        share = rotation.partial_rotary_factor or self.partial_rotary_factor
        found: dict[str, Argument] = {"base": rotation.rope_theta or self.rope_theta or self.base}
        if share is not None and share != 1.0:
            found["rotary_dim"] = int(size * share)
        scaled = rotation.arguments(self.max_position_embeddings, self.original_max_position_embeddings)
        return call("RotaryEmbedding", **found, **more, **scaled)
