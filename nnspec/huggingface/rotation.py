"""The rotation of queries and keys by positions, as the layer of a spec: `RotaryEmbedding(base = 500000.0)`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import ConfigDict, Field

from nnspec.huggingface.configuration import Argument, LayerArgument, Part, Positive, Width

# The options of each way to scale, beside its factor.
OPTIONS: Mapping[str, tuple[str, ...]] = {
    "linear": (),
    "dynamic": ("original_max_position_embeddings",),
    "yarn": ("original_max_position_embeddings", "beta_fast", "beta_slow", "attention_factor", "truncate"),
    "longrope": ("original_max_position_embeddings", "short_factor", "long_factor", "attention_factor"),
    "llama3": ("original_max_position_embeddings", "low_freq_factor", "high_freq_factor"),
}
OLD_NAMES = {"su": "longrope"}


class Rotation(Part):
    """`rope_parameters` of new files, `rope_scaling` of older ones."""

    model_config = ConfigDict(extra="allow")

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
    truncate: bool | None = None
    short_factor: tuple[Positive, ...] | None = Field(None, strict=False)
    long_factor: tuple[Positive, ...] | None = Field(None, strict=False)

    @property
    def scaling(self) -> str | None:
        """The way that the frequencies are scaled, if they are."""
        kind = self.rope_type or self.type
        return None if kind in (None, "default") else OLD_NAMES.get(kind, kind)

    def problems(self) -> Iterator[str]:
        """A way to scale that is not known, or options that it does not take."""
        if self.scaling is not None and self.scaling not in OPTIONS:
            yield f"the type is {self.scaling!r}, and only {', '.join(OPTIONS)} are supported"
            return
        taken = {"rope_type", "type", "rope_theta", "partial_rotary_factor"}
        if self.scaling is not None:
            taken |= {"factor", *OPTIONS[self.scaling]}
        surplus = sorted(name for name, value in self if name not in taken and value is not None)
        if surplus:
            yield f"it has {', '.join(surplus)}, which {self.scaling or 'unscaled positions'} do not take"

    def layer(self, base: float, size: int, longest: int, original: int | None) -> LayerArgument:
        """The layer that turns heads of `size` features.

        Args:
            base: the base of the frequencies where this names none.
            size: of a head.
            longest: the longest sequence of the configuration.
            original: the longest sequence before scaling, where the configuration says so outside of this.
        """
        found: dict[str, Argument] = {"base": self.rope_theta or base}
        if self.partial_rotary_factor is not None:
            found["rotary_dim"] = int(size * self.partial_rotary_factor)
        if self.scaling is not None:
            length = original or self.original_max_position_embeddings or longest
            found |= {"scaling": self.scaling, "factor": self.factor or longest / length}
            if self.scaling != "linear":
                found["original_length"] = longest if self.scaling == "dynamic" else length
            for name in OPTIONS[self.scaling][1:]:
                if getattr(self, name) is not None:
                    found[name] = getattr(self, name)
        return LayerArgument("RotaryEmbedding", found)
