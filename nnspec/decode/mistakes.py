"""Why a model cannot be decoded step by step; one class a mistake."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class NotStepwise(Diagnostic):
    """A step of the model needs the whole sequence at once, so the model cannot be decoded token by token.

    Decoding gives the model the tokens one after the other, and what it has kept of those before: keys and values of
    causal attention, states of recurrent layers. All else must treat the places of the sequence apart.
    """

    code = "E1001"
    layer: str
    time: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the model cannot be decoded step by step along {self.time}: {self.layer} {self.reason}"


class NoLanguageModel(Diagnostic):
    """The model does not read tokens and score the next one, which is what decoding and sampling text need.

    A language model has an input of whole numbers, `int[N, T]`, and its first output holds the scores of every token of
    the vocabulary at every place, `float[N, T, vocabulary]`. The number of tokens must be a symbol.
    """

    code = "E1002"
    model: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"{self.model} is no language model: {self.reason}"


class NoEncoder(Diagnostic):
    """The model computes nothing from other inputs than the text, so it has no encoder.

    `nnspec export --cache` divides a model that takes more than the text: what depends on the other inputs alone goes
    into a file of its own, `model.encoder.onnx`, and is computed once.
    """

    code = "E0266"
    model: str
    advice: str = "leave --encoder out: the whole model is in the file of --cache"

    @property
    def message(self) -> str:
        return f"{self.model} has no encoder: it computes all of it from the text"
