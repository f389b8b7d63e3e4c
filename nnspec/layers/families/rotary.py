"""Rotary positions: queries and keys are turned by angles that grow with their place.

Nothing here is learned or stored: the angles are computed where they are used, in 32 bits or more, and their waves
rounded to the number format of the model. How published models scale the frequencies is in layers/rotation.py.
"""

from typing import ClassVar, Literal

from nnspec.dims import Expression, Size, bounds, equal
from nnspec.layers.base import Continued, Example, Inferred, Layer
from nnspec.layers.continued import along
from nnspec.layers.numbers import PositiveFloat, PositiveInt
from nnspec.layers.rotation import (
    frequencies,
    llama3,
    longrope_attention_factor,
    yarn,
    yarn_attention_factor,
    yarn_ramp,
)
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, number

Scaling = Literal["linear", "dynamic", "yarn", "longrope", "llama3"]

# For each scaling, the arguments that it needs, and those that it takes besides.
ARGUMENTS: dict[Scaling | None, tuple[tuple[str, ...], tuple[str, ...]]] = {
    None: ((), ()),
    "linear": (("factor",), ()),
    "dynamic": (("factor", "original_length"), ()),
    "yarn": (("factor", "original_length"), ("beta_fast", "beta_slow", "truncate", "attention_factor")),
    "longrope": (("short_factor", "long_factor", "original_length"), ("factor", "attention_factor")),
    "llama3": (("factor", "original_length"), ("low_freq_factor", "high_freq_factor")),
}


class RotaryEmbedding(Layer):
    """Rotates pairs of features by angles that grow with the position (Su et al. 2021).

    Pair i of d/2 turns by `position * base ** (-2 * i / d)`. The pairs are (i, i + d/2), as in Llama and GPT-NeoX, or
    (2i, 2i + 1) where they are `interleaved`, as in the paper, GPT-J and GLM. With `rotary_dim`, only that many
    features turn, the first ones. The positions are `offset` to `offset` + T - 1 unless given.
    `scaling` changes the frequencies for longer sequences, as published models do; its arguments have their names:
    "linear" divides them by `factor`; "llama3" those of waves that fit into `original_length` positions less than
    `low_freq_factor` times, in proportion up to `high_freq_factor` times; "yarn" those that turn less than `beta_slow`
    times in them, in proportion up to `beta_fast` times. "dynamic" raises the base as far as a sequence is longer than
    `original_length`. "longrope" divides each frequency by its own number, in `short_factor`, or in `long_factor` where
    the sequence is longer. "yarn" and "longrope" multiply the result by `attention_factor`, which follows from `factor`
    unless given. A sequence is as long as its greatest position says.
    Shapes: float [..., T, d] -> the same; positions int [T], or [N, T] for an input [N, heads, T, d].
    Raises an error where d is odd or a symbol. Source: transformers.models.llama.apply_rotary_pos_emb and
    transformers.modeling_rope_utils.ROPE_INIT_FUNCTIONS.
    """

    inferred: ClassVar[tuple[Inferred, ...]] = (Inferred("dim", -1),)
    optional_inputs: ClassVar[tuple[str, ...]] = ("positions",)
    function: ClassVar[str | None] = "rotary"
    exact: ClassVar[frozenset[int]] = frozenset({1})
    beyond_torch: ClassVar[frozenset[str]] = frozenset(
        {"offset", "rotary_dim", "scaling", *(name for needed, more in ARGUMENTS.values() for name in (*needed, *more))}
    )

    base: PositiveFloat = 10000.0
    interleaved: bool = False
    rotary_dim: PositiveInt | None = None
    offset: int | Expression = 0
    scaling: Scaling | None = None
    factor: PositiveFloat | None = None
    original_length: PositiveInt | None = None
    low_freq_factor: PositiveFloat = 1.0
    high_freq_factor: PositiveFloat = 4.0
    beta_fast: PositiveFloat = 32.0
    beta_slow: PositiveFloat = 1.0
    truncate: bool = True
    short_factor: tuple[PositiveFloat, ...] | None = None
    long_factor: tuple[PositiveFloat, ...] | None = None
    attention_factor: PositiveFloat | None = None

    examples: ClassVar = (
        Example("rotary(a)", ("float[N, 2, T, 6]",)),
        Example("rotary(a, base = 500.0, interleaved = true)", ("float[N, T, 4]",)),
        Example("rotary(a, b)", ("float[N, 2, T, 4]", "int[N, T]")),
        Example("RotaryEmbedding(interleaved = true)", ("float[N, 2, T, 4]", "int[T]")),
        Example("rotary(a, base = 100.0)", ("float[N, 2, 7, 4]",)),
        Example("rotary(a, rotary_dim = 4)", ("float[N, 2, T, 6]",)),
        Example("rotary(a, rotary_dim = 2, interleaved = true)", ("float[N, 2, T, 6]",)),
        Example("rotary(a, offset = 3)", ("float[N, 2, T, 6]",)),
        Example("rotary(a, offset = P)", ("float[N, 2, T, 4]", "float[P]")),
        Example('rotary(a, scaling = "linear", factor = 4.0)', ("float[N, 2, T, 8]",)),
        Example('rotary(a, scaling = "llama3", factor = 8.0, original_length = 256)', ("float[N, 2, T, 8]",)),
        Example(
            'rotary(a, b, interleaved = true, scaling = "llama3", factor = 32.0, original_length = 64)',
            ("float[N, T, 6]", "int[T]"),
        ),
        Example('rotary(a, scaling = "yarn", factor = 4.0, original_length = 64)', ("float[N, 2, T, 8]",)),
        Example(
            'rotary(a, scaling = "yarn", factor = 32.0, original_length = 4096, truncate = false, rotary_dim = 8, '
            "attention_factor = 1.0)",
            ("float[N, 2, T, 10]",),
        ),
        Example('rotary(a, scaling = "dynamic", factor = 2.0, original_length = 10)', ("float[N, 2, T, 8]",), {"T": 8}),
        Example('rotary(a, scaling = "dynamic", factor = 2.0, original_length = 7)', ("float[N, 2, T, 8]",), {"T": 8}),
        Example('rotary(a, b, scaling = "dynamic", factor = 4.0, original_length = 2)', ("float[2, T, 8]", "int[T]")),
        Example(
            'rotary(a, scaling = "longrope", short_factor = [1.0, 1.5], long_factor = [1.0, 4.0], original_length = 9, '
            "factor = 4.0)",
            ("float[N, 2, T, 4]",),
            {"T": 9},
        ),
        Example(
            'rotary(a, b, scaling = "longrope", short_factor = [1.0, 1.5], long_factor = [1.0, 4.0], '
            "original_length = 2, attention_factor = 1.25)",
            ("float[N, 2, T, 4]", "int[N, T]"),
        ),
    )

    def infer(self, input: TensorType, positions: TensorType | None = None) -> TensorType:
        need_dtype(input, "float")
        if input.rank < 2:
            raise InputError(f"needs [..., T, d], and gets {input}")
        features = number(input.shape[-1], "the last dimension (d)")
        if self.rotary_dim is not None and (self.rotary_dim > features or self.rotary_dim % 2):
            message = f"{self.rotary_dim} of {features} features cannot turn in pairs"
            raise ArgumentError("rotary_dim", message, help=f"give an even number, at most {features}")
        if self.turning(input) % 2:
            raise InputError(f"turns pairs of features, and gets {features}", help="make the last dimension even")
        self._need_arguments(self.turning(input) // 2)
        if positions is not None:
            if self.offset != 0:
                raise ArgumentError("offset", "both an offset and positions are given", help="give one of them")
            self._need_positions(input, positions)
        return input

    def turning(self, input: TensorType) -> int:
        """The number of features that turn."""
        return self.rotary_dim or number(input.shape[-1], "the last dimension (d)")

    def frequencies(self, features: int) -> list[float]:
        """The frequency of each pair; where they depend on the length of a sequence, those without scaling."""
        own = frequencies(self.base, features)
        if self.factor is not None and self.scaling == "linear":
            return [each / self.factor for each in own]
        if self.factor is not None and self.original_length is not None and self.scaling == "llama3":
            return llama3(own, self.factor, self.low_freq_factor, self.high_freq_factor, self.original_length)
        if self.factor is not None and self.scaling == "yarn":
            return yarn(own, self.factor, self.ramp(features))
        return own

    def ramp(self, features: int) -> tuple[float, float]:
        """The pairs between which YaRN goes over to slower frequencies."""
        length = self.original_length or 1
        return yarn_ramp(self.base, features, length, self.beta_fast, self.beta_slow, self.truncate)

    @property
    def stretch(self) -> float:
        """The factor of the result."""
        if self.attention_factor is not None or self.scaling not in ("yarn", "longrope"):
            return self.attention_factor or 1.0
        factor = self.factor or 1.0
        return (
            yarn_attention_factor(factor)
            if self.scaling == "yarn"
            else longrope_attention_factor(factor, self.original_length or 1)
        )

    @property
    def by_length(self) -> bool:
        """Whether the frequencies depend on the length of the sequence."""
        return self.scaling in ("dynamic", "longrope")

    def mixed(self, input: TensorType, positions: TensorType | None = None) -> tuple[tuple[int, ...], ...]:
        if positions is None:
            return ((input.rank - 2, input.rank - 1) if self.by_length else (input.rank - 1,)), ()
        return (input.rank - 1,), tuple(range(positions.rank)) if self.by_length else ()

    def continued(
        self, time: Expression, past: Expression, input: TensorType, positions: TensorType | None = None
    ) -> Continued | None:
        if not along(time, input.shape[-2]):
            return None
        if self.by_length:
            self._need_short(bounds(time)[1] if positions is None else None)
        if positions is not None:
            return Continued(self)
        if not equal(input.shape[-2], time):
            message = f"turns {input.shape[-2]} places, which is not one for each along {time}"
            raise InputError(message, help="say where they stand: rotary(x, positions)")
        return Continued(self.model_copy(update={"offset": self.offset + past}))

    @property
    def lasting(self) -> int | None:
        """The length that the model was first trained for, where frequencies go by that of the sequence."""
        return self.original_length if self.by_length else None

    def _need_short(self, longest: int | None) -> None:
        """Check that a sequence never becomes so long that its frequencies change."""
        if longest is None or longest > (self.original_length or 0):
            message = "turns all of a sequence anew when it grows beyond original_length, and what is kept is turned"
            bound = f"bound the input by what the model was first trained for: T <= {self.original_length}"
            raise ArgumentError("scaling", message, help=bound)

    def _need_arguments(self, pairs: int) -> None:
        """Check that the arguments are those of the scaling."""
        needed, more = ARGUMENTS[self.scaling]
        named = "without scaling" if self.scaling is None else f'with scaling = "{self.scaling}"'
        for name in sorted(
            self.given().keys() & {each for pair in ARGUMENTS.values() for part in pair for each in part}
        ):
            if name not in (*needed, *more) and getattr(self, name) is not None:
                kinds = [f'"{kind}"' for kind, (must, may) in ARGUMENTS.items() if name in (*must, *may)]
                raise ArgumentError(name, f"{name} means nothing {named}", help=f"it is for {' and '.join(kinds)}")
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ArgumentError("scaling", f'"{self.scaling}" needs {" and ".join(missing)}', help="give it by name")
        if self.scaling == "llama3" and self.low_freq_factor >= self.high_freq_factor:
            message = f"{self.low_freq_factor} is not less than high_freq_factor = {self.high_freq_factor}"
            raise ArgumentError("low_freq_factor", message, help="Llama 3 has 1.0 and 4.0")
        if self.scaling == "yarn" and (self.base <= 1 or self.beta_slow >= self.beta_fast):
            message = "needs a base above 1, and beta_slow below beta_fast"
            raise ArgumentError("scaling", message, help="YaRN has beta_slow = 1.0 and beta_fast = 32.0")
        if self.scaling == "dynamic" and (pairs < 2 or (self.factor or 1) < 1):
            raise ArgumentError("scaling", "needs two pairs or more, and a factor of 1 or more")
        for name in ("short_factor", "long_factor"):
            given = getattr(self, name)
            if given is not None and len(given) != pairs:
                message = f"has {len(given)} numbers, and {pairs} pairs of features turn"
                raise ArgumentError(name, message, help="give one for each pair")

    def _need_positions(self, input: TensorType, positions: TensorType) -> None:
        need_dtype(positions, "int", "float", index=1)
        shapes: list[tuple[Size, ...]] = [(input.shape[-2],)]
        if input.rank == 4:
            shapes.append((input.shape[0], input.shape[-2]))
        for shape in shapes:
            if len(shape) == positions.rank and all(map(equal, shape, positions.shape)):
                return
        wanted = " or ".join(str(positions.with_shape(*shape)) for shape in shapes)
        raise InputError(f"needs positions {wanted} for an input {input}, and gets {positions}", index=1)
