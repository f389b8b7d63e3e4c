"""Mistakes in generating text; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class NoTextVocabulary(Diagnostic):
    """The weights do not say which token is which text, so the numbers that the model gives cannot become a text.

    Training stores that with the weights where its data are texts: the characters, the counted words, or the tokenizer.
    An ONNX file has it from the weights that it was exported with.
    """

    code = "E1004"
    source: str
    advice: str = (
        "take weights that `nnspec train` has written, with data that are texts: data = text(...); "
        "or name the tokenizer of the model: --tokenizer tokenizer.json"
    )

    @property
    def message(self) -> str:
        return f"{self.source} holds no vocabulary: what the model's tokens stand for is not known"


class VocabularyTooLarge(Diagnostic):
    """The vocabulary that is stored with the weights has tokens for which the model has no scores."""

    code = "E1005"
    tokens: int
    scores: int
    advice: str = "take the weights, and the settings of the model, that belong together"

    @property
    def message(self) -> str:
        return f"the vocabulary has {self.tokens:,} tokens, and the model scores {self.scores:,}"


class NoCaches(Diagnostic):
    """An ONNX file was exported without what decoding needs: it reads a whole sequence, and keeps nothing of it."""

    code = "E1006"
    path: str
    reason: str
    advice: str = "export it for decoding: nnspec export MODEL.nn --cache --weights WEIGHTS --onnx model.onnx"

    @property
    def message(self) -> str:
        return f"{self.path} cannot be decoded with: {self.reason}"


class SourceMissing(Diagnostic):
    """The model has an encoder, which reads a text before anything is written, and no such text is given.

    A model that translates writes the prompt and what follows it; the text to translate is its source.
    """

    code = "E0267"
    input: str
    advice: str = 'give it: nnspec sample ... --source "TEXT"'

    @property
    def message(self) -> str:
        return f"the model reads a text before it writes one, its input {self.input}, and there is none"


class ArrayMissing(Diagnostic):
    """The model has an encoder that reads an array of numbers, such as the features of a sound, and none is given.

    It is given as the encoder takes it, [N, ...] or without the first dimension: nnspec makes none of a sound.
    """

    code = "E0588"
    input: str
    advice: str = "give it: nnspec sample ... --source FEATURES.npy"

    @property
    def message(self) -> str:
        return f"the model reads an array before it writes a text, its input {self.input}, and there is none"


class NoSource(Diagnostic):
    """A source is given to a model without an encoder, which reads nothing but the prompt."""

    code = "E0268"
    advice: str = "write it into the prompt: --prompt TEXT"

    @property
    def message(self) -> str:
        return "the model reads no other text than the one that it writes"


class NoFirstToken(Diagnostic):
    """What a text begins with, where no prompt says it, is a token that the model does not have, or is not stored.

    A folder as the Hub has it says it in `generation_config.json` or `config.json`: by `decoder_start_token_id` of a
    model with an encoder, by `bos_token_id` of one without.
    """

    code = "E0597"
    token: int | None
    scores: int
    prompted: bool  # whether a prompt would do

    @property
    def message(self) -> str:
        if self.token is None:
            return "what the answer begins with is not stored with the model"
        return f"a text begins with token {self.token:,}, as is stored with the model, which has {self.scores:,} tokens"

    @property
    def help(self) -> str | None:
        if self.prompted:
            return "say what it begins with: --prompt TEXT; or mend bos_token_id in generation_config.json"
        return 'give generation_config.json, or config.json where there is none, "decoder_start_token_id": NUMBER'


class UnevenRequest(Diagnostic):
    """Several prompts and several sources are given, and not as many of one as of the other."""

    code = "E0587"
    prompts: int
    sources: int
    advice: str = "give one source for each prompt, or one for all"

    @property
    def message(self) -> str:
        return f"there are {self.prompts:,} prompts and {self.sources:,} sources"


class FurtherInputs(Diagnostic):
    """A language model takes more than tokens, such as a picture, and sampling has only texts."""

    code = "E1007"
    inputs: tuple[str, ...]
    advice: str = "decode it in a program of your own: nnspec.load(...).cached() gives its PyTorch or ONNX form"

    @property
    def message(self) -> str:
        return f"the model takes more than its tokens: {', '.join(self.inputs)}"
