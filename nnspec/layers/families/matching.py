"""Losses that match things: vectors with each other, a sequence with a shorter one."""

from typing import Annotated, ClassVar

from nnspec.dims import Size, equal, product
from nnspec.layers.base import Better, Example, Layer, Pooled, Scores
from nnspec.layers.loss import Positive, need_same
from nnspec.layers.numbers import Within
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype


class CosineSimilarity(Layer):
    """The cosine of the angle between vectors along `dim`; vectors shorter than `eps` count as that long.

    As a loss: `1 - mean(cosine_similarity(a, b))`. Shapes: input [..., D, ...], target of the same shape -> the same
    without `dim`. Source: torch.nn.CosineSimilarity.
    """

    by_position: ClassVar[tuple[str, ...]] = ("dim",)
    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "cosine_similarity"

    dim: int = 1
    eps: Positive = 1e-8

    examples: ClassVar = (
        Example("cosine_similarity(a, b)", ("float[N, 3]", "float[N, 3]")),
        Example("cosine_similarity(a, b, dim = -1)", ("float[N, T, 3]", "float[N, T, 3]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        if not -input.rank <= self.dim < input.rank:
            raise ArgumentError("dim", f"is {self.dim}, and the vectors are {input}")
        axis = self.dim % input.rank
        return TensorType("float", input.shape[:axis] + input.shape[axis + 1 :])

    def mixed(self, input: TensorType, target: TensorType) -> tuple[tuple[int, ...], ...]:
        return ((self.dim % input.rank,),) * 2


class InfoNCE(Layer):
    """The contrastive loss: each row must be closer to the row of its own number than to the others of the batch.

    Rows are scaled to length 1; the logits are their products over `temperature`. For both directions add
    `info_nce(a, b) + info_nce(b, a)`.

    Shapes: input [N, D], target [N, D] -> []. Source: van den Oord et al. 2018; Radford et al. 2021.
    """

    by_position: ClassVar[tuple[str, ...]] = ("temperature",)
    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "info_nce"
    batchwise: ClassVar[bool] = True
    better: ClassVar[Better | None] = "lower"

    temperature: Positive = 0.1

    examples: ClassVar = (
        Example("info_nce(a, b)", ("float[N, 3]", "float[N, 3]"), {"N": 6}),
        Example("info_nce(a, b, temperature = 1)", ("float[N, 3]", "float[N, 3]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_same(input, target)
        if input.rank != 2:
            raise InputError(f"needs one vector a sample, [N, D], and gets {input}", "Flatten it, or pool it")
        return TensorType("float", ())

    def macs(self, input: TensorType, target: TensorType) -> Size:
        return product((*input.shape, input.shape[0]))


class CTCLoss(Layer):
    """Connectionist temporal classification: labels without places, read off a longer sequence.

    The targets of a shorter sample are filled up with `blank`. A sample whose labels do not fit into the sequence is
    left out (torch's `zero_infinity`). Each is divided by its number of labels; the result is the mean.

    Shapes: log-probabilities [N, T, classes], target int [N, S] -> []. Source: Graves et al. 2006; torch.nn.CTCLoss.
    """

    expects: ClassVar[Scores | None] = "log-probabilities"
    inputs: ClassVar[tuple[str, ...]] = ("input", "target")
    function: ClassVar[str | None] = "ctc"
    better: ClassVar[Better | None] = "lower"

    blank: Annotated[int, Within(ge=0)] = 0

    examples: ClassVar = (
        Example("ctc(log_softmax(a, dim = 2), b)", ("float[N, 12, 3]", "int[N, 4]")),
        Example("ctc(log_softmax(a, dim = 2), b, blank = 2)", ("float[N, T, 5]", "int[N, 4]")),
    )

    def infer(self, input: TensorType, target: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_dtype(target, "int", index=1)
        if input.rank != 3:
            raise InputError(f"needs log-probabilities [N, T, classes], and gets {input}")
        if target.rank != 2 or equal(target.shape[0], input.shape[0]) is not True:
            raise InputError(f"needs labels [{input.shape[0]}, S], and gets {target}", index=1)
        if isinstance(input.shape[2], int) and self.blank >= input.shape[2]:
            raise ArgumentError("blank", f"is {self.blank}, and there are {input.shape[2]} classes")
        return TensorType("float", ())

    def pooled(self, places: tuple[int | None, ...], *inputs: TensorType | None) -> Pooled | None:
        return "mean" if places[0] == 0 else None
