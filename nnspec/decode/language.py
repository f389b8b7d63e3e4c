"""`decoder`: a language model as a program that reads the next tokens, with what it has kept of those before.

Which input holds the tokens, and which of its dimensions is time, is found out and not asked: the scores stand at the
tokens' places, and time is what the model looks back along.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain, count

from nnspec.decode.continuation import PAST, continuation
from nnspec.decode.forcing import without_the_last
from nnspec.decode.lasting import lasting_length, within
from nnspec.decode.memory import divided, started
from nnspec.decode.mistakes import NoLanguageModel
from nnspec.diagnostics import Source, SpecError
from nnspec.dims import Expression, bounds, equal, product, solve, symbol, symbols
from nnspec.ir import Module, Port, Program
from nnspec.ir.flatten import flattening
from nnspec.layers.tensor_type import TensorType
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.record import Record


class Decoder(Record):
    """A program for decoding, and the parts of it that a sampler must know.

    It takes the model's inputs, then `past.PATH` for all that is kept; it gives the model's outputs, then
    `present.PATH`, which are the next `past.PATH`. In the beginning the past has length 0, and states are zero. Where
    the model has an encoder, `memory.PATH` takes the place of the inputs that it reads.
    """

    program: Program
    encoder: Program | None  # gives `memory.PATH`, which the program takes, from all inputs but the text
    tokens: str  # the input with the new tokens
    scores: str  # the output with the scores of the tokens that follow them
    time: Expression  # how many tokens are new
    past: Expression  # how many there were before
    axis: int  # of time, in the tokens
    lasting: int | None = None  # the most tokens, where it is not the model that says so

    @property
    def notes(self) -> tuple[str, ...]:
        """What is said of it."""
        if self.lasting is None:
            return ()
        return (f"at most {self.lasting:,} tokens: with more, rotary positions turn all of a sequence anew",)

    @property
    def kept(self) -> dict[str, TensorType]:
        """The kept tensors by the name of their input, as they are before the new tokens."""
        main = self.program.main
        return {port.name: main.values[port.value] for port in main.inputs if port.name.startswith(PAST)}

    @property
    def context(self) -> int | None:
        """The number of tokens the model can take in all; None where it sets no bound."""
        return bounds(self.time)[1]


def decoder(program: Program, sources: Mapping[str, Source] | None = None, limits: Limits = DEFAULT_LIMITS) -> Decoder:
    """The program of a language model as one that is decoded with.

    One whose layers do a sequence anew when it grows beyond some length is for sequences within that, unless the model
    bounds them itself.

    Raises:
        SpecError: it is no language model, a step of it needs the whole sequence at once, or there are more layers than
            the limit.
    """
    program = without_the_last(program)
    tokens, scores = _ports(program.main)
    places = program.main.values[tokens.value].shape
    refusal: SpecError | None = None
    plain: list[Decoder] = []
    most = lasting_length(program)
    with flattening(program, limits):
        for axis in reversed(range(len(places))):
            time = places[axis]
            if not isinstance(time, Expression) or (solve(time, time) or (None, None))[1] != time:
                continue  # no size that a program can go on by, such as 8 or 2*t
            unbounded = bounds(time)[1] is None
            bounded, time = within(program, time, most) if unbounded and most is not None else (program, time)
            try:
                found = _along(bounded, tokens, scores, time, axis, sources)
            except SpecError as problem:
                refusal = refusal or problem
                continue
            found = found.replace(lasting=most if unbounded else None)
            if found.kept:
                return found
            plain.append(found)
    if refusal is not None:
        raise refusal
    if not plain:
        shown = f"the number of its tokens is fixed, {tokens.name}: int{program.main.values[tokens.value]}"
        raise SpecError.of(NoLanguageModel(None, program.main.name, shown, "make it a symbol: int[N, T <= 1024]"))
    return plain[0]


def _along(
    program: Program, tokens: Port, scores: Port, time: Expression, axis: int, sources: Mapping[str, Source] | None
) -> Decoder:
    """The program as one that goes on along a size.

    Raises:
        SpecError: a step of it needs the whole sequence at once.
    """
    past = symbol(_free_name(program.main), 0, bounds(time)[1])
    halves = divided(program, time)
    went = continuation(halves.decoder if halves else program, time, past, sources)
    made, encoder = went.program, None
    if halves is not None:
        made, encoder = started(went.program, halves.encoder, went.starts)
    return Decoder(made, encoder, tokens.name, scores.name, time, past, axis)


def _ports(main: Module) -> tuple[Port, Port]:
    """The tokens, and the scores of the next ones: the first output of floats.

    Raises:
        SpecError: there are none.
    """
    scores = next(
        (port for port in main.outputs if not port.training and main.values[port.value].dtype == "float"), None
    )
    if scores is None:
        reason = "it has no output of scores"
        raise SpecError.of(NoLanguageModel(None, main.name, reason, "give it an output float[N, T, vocabulary]"))
    given = main.values[scores.value]
    tokens = next((port for port in main.inputs if _fits(main.values[port.value], given)), None)
    if tokens is None:
        reason = f"its first output, {scores.name} {given}, has no scores for every place of an input of tokens"
        raise SpecError.of(
            NoLanguageModel(None, main.name, reason, "it takes int[N, T] and gives float[N, T, vocabulary]")
        )
    return tokens, scores


def _fits(tokens: TensorType, scores: TensorType) -> bool:
    """Whether scores stand at the places of tokens, [N, T, vocabulary], or with both dimensions as one."""
    if tokens.dtype != "int" or tokens.rank != 2 or scores.rank < 2 or not isinstance(scores.shape[-1], int):
        return False
    ahead = scores.shape[:-1]
    wanted = tokens.shape if len(ahead) == 2 else (product(tokens.shape),)
    return len(ahead) == len(wanted) and all(equal(a, b) for a, b in zip(ahead, wanted, strict=True))


def _free_name(main: Module) -> str:
    """A name for the number of tokens before: P, or P2, P3, ... where the model has one of that name."""
    taken = {each.text for type in main.values.values() for size in type.shape for each in symbols(size)}
    return next(name for name in chain(["P"], map("P{}".format, count(2))) if name not in taken)
