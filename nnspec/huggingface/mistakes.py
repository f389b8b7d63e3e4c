"""Mistakes in a configuration of Hugging Face; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic

QUANTISED = "quantization_config"


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
    """The `model_type` of a configuration is not one of those that nnspec knows.

    Any other model of transformers comes in through its code: `nnspec import torch` runs it once.
    """

    code = "E0902"
    path: str
    model_type: str | None
    known: tuple[str, ...]
    suggestion: str | None = None
    text: str | None = None  # the type of its `text_config`, where that is known
    installed: bool = False
    tried: bool = False

    @property
    def message(self) -> str:
        if self.model_type is None:
            return f"{self.path} does not say what model it is of: it has no model_type"
        return f"{self.path} is of a model that nnspec does not know: model_type {self.model_type}"

    @property
    def notes(self) -> tuple[str, ...]:
        inner = (f"its text_config is of type {self.text}, which is known: it is a config.json of its own",)
        return (*(inner if self.text else ()), *(() if self.suggestion else (f"known are {', '.join(self.known)}",)))

    @property
    def help(self) -> str | None:
        if self.model_type is None:
            return f'say it: "model_type": "{self.suggestion or "bert"}"'
        meant = f"did you mean {self.suggestion}? Otherwise " if self.suggestion else ""
        if self.tried:
            found = (
                "the installed transformers does not know it either: `nnspec import torch` takes any module of PyTorch"
            )
        elif self.installed:
            found = (
                f"`nnspec import {self.path} -o model.nn` reads it through the installed transformers, where that has "
                "it; `--weights` gives model.nn the weights"
            )
        else:
            found = (
                "install transformers, and `nnspec import` reads its own class; `nnspec import torch` takes any module"
            )
        return meant + found


class UnsupportedConfiguration(Diagnostic):
    """A configuration asks for something that the network of the zoo does not have, such as another activation.

    Nothing is left out in silence: a spec is written only where it is the network of the configuration.
    """

    code = "E0903"
    path: str
    model_type: str
    problem: str

    @property
    def message(self) -> str:
        return f"{self.path} asks for what nnspec's {self.model_type} does not have: {self.problem}"

    @property
    def help(self) -> str | None:
        return "write the network as a spec of your own, beginning with `nnspec show` of the nearest in the zoo"


class UnknownOption(Diagnostic):
    """A configuration has an option that is not understood, so that the network may be another one.

    Every option is used, is known to change no parameter and no number, or is told. `--ignore NAME` says that one has
    no effect; what it does otherwise is not in the spec.
    """

    code = "E0570"
    path: str
    model_type: str
    name: str
    suggestion: str | None = None

    @property
    def message(self) -> str:
        if self.name == QUANTISED:
            return f"{self.path} is of quantised weights, which are not read: it has a {self.name}"
        return f"{self.path} has an option that is not known of {self.model_type}: {self.name}"

    @property
    def label(self) -> str:
        return "" if self.name == QUANTISED else "it may change the network"

    @property
    def help(self) -> str | None:
        way = f"nnspec import {self.path} --ignore {self.name}"
        if self.name == QUANTISED:
            return f"take the model as it was before; its network alone is written by {way}"
        said = f"did you mean {self.suggestion}? " if self.suggestion else ""
        return f"{said}If it changes nothing, say so: {way}"


class UnknownHead(Diagnostic):
    """A configuration, or `--head`, names a class of transformers that its family does not have here.

    The classes of a family are its network without a head, and those with a head for a task.
    """

    code = "E0571"
    path: str
    name: str
    known: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return f"{self.path} is of a class that nnspec does not have: {self.name}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (f"known are {', '.join(self.known)}",)

    @property
    def help(self) -> str | None:
        return f"choose the head: nnspec import {self.path} --head {self.suggestion or self.known[0]}"
