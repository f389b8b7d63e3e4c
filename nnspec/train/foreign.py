"""Weights of others with texts of a recipe: whose numbers of tokens they are."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic, Span, SpecError
from nnspec.infer.language import LANGUAGE
from nnspec.recipe.data import Data, HuggingFace, Parallel, Texts
from nnspec.weights.checkpoint import open_checkpoint
from nnspec.weights.source import WeightSource, file_of


class OtherNumbers(Diagnostic):
    """Texts of a recipe get numbers of tokens of their own, and weights that others have trained know other ones.

    `text(path, tokenizer = "FOLDER/tokenizer.json")` keeps the numbers of the tokenizer; `texts`, `parallel` and
    `hugging_face` count tokens anew, or put their own special tokens before those of a tokenizer.
    """

    code = "E0589"
    weights: str
    data: str

    @property
    def message(self) -> str:
        return f"the tokens of {self.data}(...) are not numbered as those that {self.weights} was trained with"

    @property
    def help(self) -> str | None:
        return (
            "give the tokens as arrays, numbered by the tokenizer of the folder; of a language model, "
            'text(path, tokenizer = "FOLDER/tokenizer.json")'
        )


def need_their_numbers(weights: WeightSource, data: Data, span: Span | None) -> None:
    """Check that weights of others are not given texts with numbers that they do not know.

    Raises:
        SpecError: they are.
    """
    counted = isinstance(data, (Texts, Parallel)) or (isinstance(data, HuggingFace) and data.tokenizer is not None)
    if counted and LANGUAGE in open_checkpoint(weights).metadata:
        raise SpecError.of(OtherNumbers(span, str(file_of(weights) or "the model"), data.word))
