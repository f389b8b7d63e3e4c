"""The base of configurations of encoders of text: a model of the zoo, and what is on top of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from nnspec.huggingface.configuration import Configuration
from nnspec.huggingface.draft import Draft, Variant
from nnspec.huggingface.spelling import Argument, Written, call

MASKED, SEGMENTS = "masked = false", "segments = false"


class Encoder(Configuration):
    """The base of configurations of encoders of text."""

    file: ClassVar[str]
    network: ClassVar[str]  # the model of the file
    label: ClassVar[str]  # of it, under a head
    segments: ClassVar[bool] = True  # whether it is told the sentence of each token

    @property
    def context(self) -> int | None:
        """The longest text."""
        raise NotImplementedError(type(self).__name__)

    def arguments(self) -> dict[str, Argument]:
        """The arguments of the zoo's model."""
        raise NotImplementedError(type(self).__name__)

    def bare(self) -> Variant:
        """The network without a head."""
        options = (MASKED, SEGMENTS) if self.segments else (MASKED,)
        chosen = {each.split()[0]: Written(each.split()[0]) for each in options}
        return Variant(self.file, self.network, {**self.arguments(), **chosen}, options)

    def topped(
        self, lines: Sequence[str], imports: Mapping[str, Sequence[str]] | None = None, *, classes: bool = False,
        more: Mapping[str, Argument] | None = None,
    ) -> Draft:  # fmt: skip
        """The network with a head.

        Args:
            lines: the statements behind the network.
            imports: the blocks that they need.
            classes: whether they have the parameter `classes`.
            more: further arguments of the network.
        """
        bounded = f"T <= {self.context}" if self.context is not None else "T"
        inputs = [f"input tokens: int[N, {bounded}]", "given = [tokens]",
                  "if masked { input mask: int[N, T]; given = given + [mask] }"]  # fmt: skip
        options, chosen = [MASKED], {"masked": Written("masked")}
        if self.segments:
            inputs.append("if segments { input kind: int[N, T]; given = given + [kind] }")
            options, chosen = [MASKED, SEGMENTS], {**chosen, "segments": Written("segments")}
        applied = f"(given) -> {self.label}: {call(self.network, **self.arguments(), **(more or {}), **chosen)}"
        found = {self.file: (self.network,)}
        for file, names in (imports or {}).items():
            found[file] = (*found.get(file, ()), *names)
        parameters = [f"classes = {self.classes}"] if classes else []
        return Draft(found, [*inputs, applied, *lines], [*parameters, *options])


def bare(configuration: Encoder) -> Variant:
    """The class of the network without a head."""
    return configuration.bare()
