"""Mistakes in a configuration of Hugging Face; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class UnreadableConfiguration(Diagnostic):
    """A configuration is missing, is no JSON object, or has a value that cannot be: a width of 0, a text for a number.

    It is the `config.json` that transformers' `save_pretrained` writes.
    """

    code = "E0901"
    path: str
    reasons: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"cannot read the configuration {self.path}: {self.reasons[0]}"

    @property
    def notes(self) -> tuple[str, ...]:
        return self.reasons[1:]

    @property
    def help(self) -> str | None:
        return "give the config.json of a model, as transformers' save_pretrained writes it"


class UnknownConfiguration(Diagnostic):
    """The `model_type` of a configuration is not one of those for which the zoo has a network."""

    code = "E0902"
    path: str
    model_type: str | None
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        if self.model_type is None:
            return f"{self.path} does not say what model it is of: it has no model_type"
        return f"{self.path} is of a model that nnspec does not know: model_type {self.model_type}"

    @property
    def help(self) -> str | None:
        return f"did you mean {self.suggestion}?" if self.suggestion else f"known are {', '.join(self.known)}"


class UnsupportedConfiguration(Diagnostic):
    """A configuration asks for something that the network of the zoo does not have, such as another activation.

    Nothing is left out in silence: a spec is written only where it is the network of the configuration.
    """

    code = "E0903"
    path: str
    model_type: str
    problems: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.path} asks for what nnspec's {self.model_type} does not have: {self.problems[0]}"

    @property
    def notes(self) -> tuple[str, ...]:
        return self.problems[1:]

    @property
    def help(self) -> str | None:
        return "write the network as a spec of your own, beginning with `nnspec show` of the nearest in the zoo"
