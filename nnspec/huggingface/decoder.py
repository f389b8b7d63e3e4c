"""The base of configurations of language models: tokens, layers one after the other, and what is on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

from nnspec.huggingface.configuration import Configuration, Head, Probability, Width
from nnspec.huggingface.draft import Draft, stacked
from nnspec.huggingface.spelling import Argument, Written, call

START: tuple[Argument, ...] = ("normal", 0.0, 0.02)  # what tables of tokens are drawn from


class Decoder(Configuration):
    """The base of configurations of language models."""

    file: ClassVar[str]  # of the zoo, which has its blocks
    blocks: ClassVar[tuple[str, ...]] = ("Attention", "FeedForward", "Layer")
    table: ClassVar[str] = "embed_tokens"
    stack: ClassVar[str] = "layers"
    last: ClassVar[str] = "norm"
    output: ClassVar[str] = "lm_head"

    vocab_size: Width = 32000
    hidden_size: Width = 4096
    num_hidden_layers: Width = 32
    tie_word_embeddings: bool = False
    classifier_dropout: Probability | None = None
    hidden_dropout: Probability | None = None

    def imports(self) -> Mapping[str, Sequence[str]]:
        """The blocks that the statements need, by the file that they are in."""
        return {self.file: self.blocks}

    @property
    def context(self) -> int | None:
        """The longest text, where there is one."""
        return None

    @property
    def tokens(self) -> str:
        """The statement for the input."""
        return f"input tokens: int[N, T{'' if self.context is None else f' <= {self.context}'}]"

    def names(self) -> list[str]:
        """The statements that give names to what the layers are made of."""
        return []

    def layers(self) -> list[str]:
        """All layers."""
        raise NotImplementedError(type(self).__name__)

    def norm(self) -> Written:
        """The norm behind the layers."""
        raise NotImplementedError(type(self).__name__)

    def embedding(self) -> list[str]:
        """The statements from tokens to what the first layer takes."""
        return [f"{self.table}: {call('Embedding', self.vocab_size, self.hidden_size, weight_init=START)}"]

    def network(self) -> list[str]:
        """The statements of the network without a head."""
        return [*self.embedding(), *stacked(self.stack, self.layers()), f"{self.last}: {self.norm()}"]

    @property
    def words(self) -> str:
        """The path of the table of tokens."""
        return f"{self.table}.weight"

    def logits(self, label: str) -> list[str]:
        """The statements from the last states to the next token."""
        tied = {"weight": Written(f"{label}.{self.words}")} if self.tie_word_embeddings else {}
        return [f"output logits = {self.output}: {call('Linear', self.vocab_size, bias=False, **tied)}"]


def heads(family: str, label: str = "model", question: str | None = None, *, token: str | None = "score",
          causal: str = "ForCausalLM") -> dict[str, Head]:  # fmt: skip
    """The classes of transformers for a family of language models.

    Args:
        family: what their names begin with.
        label: of the network without a head.
        question: its label where questions are answered; None where there is no such class.
        token: the label of the classifier of tokens; None where there is no such class.
        causal: what the name of the class for the next token ends with.
    """
    found: dict[str, Head] = {f"{family}{causal}": partial(_next, label), f"{family}Model": _bare}
    found[f"{family}ForSequenceClassification"] = partial(_text, label)
    if token is not None:
        found[f"{family}ForTokenClassification"] = partial(_tokens, label, token)
    if question is not None:
        found[f"{family}ForQuestionAnswering"] = partial(_question, question)
    return found


def _bare(configuration: Decoder) -> Draft:
    states = "output last_hidden_state = _"
    lines = [configuration.tokens, *configuration.names(), *configuration.network(), states]
    return Draft(configuration.imports(), lines)


def _under(label: str, configuration: Decoder) -> list[str]:
    return [configuration.tokens, *configuration.names(), f"{label}: {{", *configuration.network(), "}"]


def _next(label: str, configuration: Decoder) -> Draft:
    return Draft(configuration.imports(), [*_under(label, configuration), *configuration.logits(label)])


def _text(label: str, configuration: Decoder) -> Draft:
    """A class for the whole text, read at its last token."""
    lines = [*_under(label, configuration), "score: Linear(classes, bias = false)"]
    parameters = [f"classes = {configuration.classes}"]
    if configuration.pad_token_id is None:
        return Draft(configuration.imports(), [*lines, "output logits = score[:, -1]"], parameters)
    lines.append(f"output logits = (score, tokens) -> {call('LastToken', configuration.pad_token_id)}")
    return Draft({**configuration.imports(), "std/heads": ("LastToken",)}, lines, parameters)


def _tokens(label: str, classifier: str, configuration: Decoder) -> Draft:
    given = [each for each in (configuration.classifier_dropout, configuration.hidden_dropout) if each is not None]
    dropped = call("Dropout", given[0] if given else 0.1)
    lines = [*_under(label, configuration), f"{dropped} -> {classifier}: Linear(classes)",
             f"output logits = {classifier}"]  # fmt: skip
    return Draft(configuration.imports(), lines, [f"classes = {configuration.classes}"])


def _question(label: str, configuration: Decoder) -> Draft:
    return Draft(configuration.imports(), [*_under(label, configuration), *QUESTION])


# Where in the text the answer begins and ends.
QUESTION = [
    "qa_outputs: Linear(2)",
    "output start_logits = qa_outputs[:, :, 0]",
    "output end_logits = qa_outputs[:, :, 1]",
]
