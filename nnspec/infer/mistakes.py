"""Mistakes in running a model: the model file, the inputs, the device; one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class UnreadableModel(Diagnostic):
    """An ONNX file is missing or damaged, or onnxruntime cannot run it."""

    code = "E0801"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot run the model {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "write it again: nnspec export MODEL.nn --weights WEIGHTS --onnx model.onnx"


class NoProvider(Diagnostic):
    """The device that was asked for cannot be used. Another one is never taken in its place."""

    code = "E0802"
    provider: str
    reason: str
    advice: str

    @property
    def message(self) -> str:
        return f"the model cannot run on {self.provider}: {self.reason}"


class UnreadableInput(Diagnostic):
    """A file that is given as an input of a model is missing, damaged, or of a kind that is not read.

    Read are pictures (.png, .jpg and whatever else Pillow reads, or a folder of them), arrays (.npy, or .npz with
    several by the names of the inputs), tables (.csv, .tsv, .parquet, with a line of names), and texts (.txt, a sample
    in each line). Arrays are taken as they are; the others are read, and become what the model takes, as in training.
    """

    code = "E0803"
    path: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"cannot read the input {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        kinds = "a picture or a folder of them, an array (.npy, .npz), a table (.csv), or lines of text (.txt)"
        return self.advice or f"give {kinds}"


class WrongInput(Diagnostic):
    """An input does not have the shape or the element type that the model takes."""

    code = "E0804"
    name: str
    found: str
    wanted: str
    reason: str
    advice: str | None = None

    @property
    def message(self) -> str:
        return f"the input {self.name} is {self.found}, and the model takes {self.wanted}"

    @property
    def notes(self) -> tuple[str, ...]:
        return (self.reason,)

    @property
    def help(self) -> str | None:
        return self.advice or f"give {self.name} the shape {self.wanted}"


class UnknownInput(Diagnostic):
    """The model's inputs are not those that are given: one has no value, or a value has no input."""

    code = "E0805"
    reason: str
    inputs: tuple[str, ...]
    suggestion: str | None = None

    @property
    def message(self) -> str:
        return self.reason

    @property
    def help(self) -> str | None:
        if self.suggestion:
            return f"did you mean {self.suggestion}?"
        return f"the model takes {', '.join(self.inputs)}: --input NAME=FILE for each" if self.inputs else None


class RunFailed(Diagnostic):
    """The inputs fit the shapes of the model, and it cannot be run on their values: some operator refuses them.

    An index outside its table is found before the model runs; what else an operator refuses, onnxruntime says.
    """

    code = "E0806"
    reason: str

    @property
    def message(self) -> str:
        return f"the model stopped on this input: {self.reason}"

    @property
    def help(self) -> str | None:
        return "check the values of the inputs: an index may lie outside its table, a size may be too small"


class CannotStore(Diagnostic):
    """The outputs do not fit the kind of file: a .npy holds one array, a model may give several."""

    code = "E0807"
    path: str
    outputs: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.path} holds one array, and the model gives {len(self.outputs)}: {', '.join(self.outputs)}"

    @property
    def help(self) -> str | None:
        return "write a .npz or a .json file"


class BadMetadata(Diagnostic):
    """The metadata of a model file about its classes or the values of its pictures cannot be used."""

    code = "E0808"
    key: str
    reason: str

    @property
    def message(self) -> str:
        return f"the model's metadata {self.key} cannot be used: {self.reason}"

    @property
    def help(self) -> str | None:
        return "export the model again from weights that nnspec has trained"


class NotBatches(Diagnostic):
    """Samples are to be computed a few at a time, and the model's are not known to be apart from each other.

    An export says that they are where all inputs and outputs begin with the same symbol, as in
    `input image: float[N, 3, 32, 32]`, and every layer on the way keeps what belongs to one sample apart from what
    belongs to another. A mean over the samples does not, and int8 products whose range is that of all of them do not.
    """

    code = "E0809"
    path: str

    @property
    def message(self) -> str:
        return f"{self.path} cannot be run in batches: its samples are not known to be apart from each other"

    @property
    def help(self) -> str | None:
        return "leave --batch out, and all samples are computed together"


class NoVocabulary(Diagnostic):
    """A text is given as an input, and the model does not know how texts become numbers.

    Training stores that with the weights where its data are texts: the characters, the counted words, or the tokenizer.
    """

    code = "E0810"
    name: str
    reason: str

    @property
    def message(self) -> str:
        return f"the input {self.name} takes no text: {self.reason}"

    @property
    def help(self) -> str | None:
        return f"give the numbers of the tokens: --input {self.name}=tokens.npy"


class CharacterNotTrained(Diagnostic):
    """A text has a character that was not among those of the training data."""

    code = "E0811"
    character: str
    known: str

    @property
    def message(self) -> str:
        return f"the model does not know the character {self.character!r}"

    @property
    def help(self) -> str | None:
        return f"it knows {self.known!r}"


class UnevenTexts(Diagnostic):
    """Texts of different lengths are given together, and the model's vocabulary has no token to fill up short ones."""

    code = "E0812"
    name: str
    shortest: int
    longest: int

    @property
    def message(self) -> str:
        return f"the texts for {self.name} have from {self.shortest} to {self.longest} tokens"

    @property
    def help(self) -> str | None:
        return "give texts of one length, or one text at a time"


class NotAPicture(Diagnostic):
    """A model was trained on pictures with values from 0 to 1, and is given numbers such as those of bytes.

    Bytes (uint8) are divided by 255, and 16-bit pictures (uint16) by 65535; floats and other integers are taken as they
    are.
    """

    code = "E0820"
    name: str
    greatest: float

    @property
    def message(self) -> str:
        return f"{self.name} has values up to {self.greatest:g}, and the model takes pictures with values from 0 to 1"

    @property
    def help(self) -> str | None:
        return "divide them by 255, or give them as bytes: array.astype('uint8')"


class SizeOutside(Diagnostic):
    """A size of an input is less or more than the model takes: its spec bounds the symbol, or nothing is given."""

    code = "E0821"
    name: str
    found: int
    high: int | None  # None where there is nothing

    @property
    def message(self) -> str:
        bound = f"{self.name} >= 1" if self.high is None else f"{self.name} <= {self.high}"
        return f"{self.name} is {self.found}, and the model takes {bound}"

    @property
    def help(self) -> str | None:
        return (
            "give something" if self.high is None else "give less, or raise the bound in the spec and export it again"
        )


class NoArray(Diagnostic):
    """A value that is given for an input does not become an array: its rows have several lengths, for example."""

    code = "E0822"
    name: str
    wanted: str
    reason: str

    @property
    def message(self) -> str:
        return f"what is given for {self.name} is no array: {self.reason}"

    @property
    def help(self) -> str | None:
        return f"give {self.name} an array {self.wanted}, or lists of one length; a tensor: tensor.detach()"
