"""Derivatives inside a loss, and values that no derivative passes.

They exist in training: what is deployed gives values, not their derivatives.
"""

from collections.abc import Mapping
from typing import ClassVar

from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import InputError, TensorType, need_dtype
from nnspec.layers.view import View


class Detach(Layer):
    """The same values, as if they were constants: no derivative passes them.

    Shapes: any -> the same. Source: torch.Tensor.detach.
    """

    pointwise: ClassVar[bool] = True
    function: ClassVar[str | None] = "detach"
    stops_gradient: ClassVar[bool] = True

    examples: ClassVar = (
        Example("detach(a)", ("float[N, 3]",)),
        Example("a * detach(a)", ("float[N, 3]",)),
        Example("detach(a)", ("int[N]",)),
    )

    def infer(self, input: TensorType) -> TensorType:
        return input

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),)


class Tracked(Layer):
    """The same values, with respect to which derivatives can be taken; the compiler puts it where they are.

    Shapes: any -> the same. Source: torch.Tensor.requires_grad_.
    """

    pointwise: ClassVar[bool] = True
    examples: ClassVar = (Example("Tracked", ("float[N, 3]",)),)

    def infer(self, input: TensorType) -> TensorType:
        need_dtype(input, "float")
        return input

    def views(self, input: TensorType) -> tuple[View, ...]:
        return (View(tuple(range(input.rank))),)


class _Derivative(Layer):
    """A derivative of `output` with respect to `input`, from which `output` was computed."""

    inputs: ClassVar[tuple[str, ...]] = ("output", "input")
    tracks: ClassVar[Mapping[int, Layer]] = {1: Tracked()}

    def mixed(self, output: TensorType, input: TensorType) -> tuple[tuple[int, ...], ...]:
        """Samples stay apart where each has a row of the output, computed from its own input."""
        return tuple(range(1, output.rank)), tuple(range(1, input.rank))


class Gradient(_Derivative):
    """The gradient of the sum of `output`; of scores of samples [N] or [N, 1], that of each sample's own score.

    Shapes: output [...], input any -> as the input. Source: torch.autograd.grad with create_graph, so that a loss may
    use it; Gulrajani et al. 2017, "Improved training of Wasserstein GANs".
    """

    function: ClassVar[str | None] = "gradient"

    examples: ClassVar = (
        Example("gradient(a * a, a)", ("float[N, 3]",)),
        Example("gradient(sum(a * a * a, dim = 1), a)", ("float[N, 3]",)),
        Example("mean((norm(gradient(exp(a), a), dim = 1) - 1) ** 2)", ("float[N, 3]",)),
    )

    def infer(self, output: TensorType, input: TensorType) -> TensorType:
        need_dtype(output, "float")
        need_dtype(input, "float", index=1)
        return input


class Jacobian(_Derivative):
    """The derivative of every element of a sample's output with respect to every element of its input.

    Shapes: output [N, K], input [N, ...] -> [N, K, ...]. Samples must not depend on each other. Source:
    torch.autograd.grad of each of the K outputs at once (is_grads_batched); Rifai et al. 2011, "Contractive
    auto-encoders".
    """

    function: ClassVar[str | None] = "jacobian"

    examples: ClassVar = (
        Example("jacobian(a * a, a)", ("float[N, 3]",)),
        Example("sum(jacobian(tanh(a), a) ** 2, dim = [1, 2])", ("float[N, 3]",)),
        Example("jacobian(sum(a * a, dim = 2), a)", ("float[N, 3, 4]",)),
    )

    def infer(self, output: TensorType, input: TensorType) -> TensorType:
        need_dtype(output, "float")
        need_dtype(input, "float", index=1)
        if output.rank != 2:
            raise InputError(
                f"needs a row of results for each sample, [N, K], and gets {output}", "flatten it: Flatten"
            )
        if not input.rank:
            raise InputError("needs an input with a dimension of samples, and gets one number", index=1)
        return input.with_shape(*output.shape, *input.shape[1:])
