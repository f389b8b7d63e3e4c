"""Pictures sampled at places of a grid, as spatial transformers and warps do, and the grid of an affine map."""

from typing import ClassVar, Literal

from nnspec.dims import Size, equal
from nnspec.layers.base import Example, Layer
from nnspec.layers.tensor_type import ArgumentError, InputError, TensorType, need_dtype, need_rank, number
from nnspec.layers.window import Extents, each


class GridSample(Layer):
    """The picture at the places that the grid names, from -1 to 1 across each dimension; x comes before y (and z).

    Between elements `mode` interpolates ("bilinear", in volumes all three dimensions; "nearest"; "bicubic"), outside
    are `padding_mode` "zeros", the nearest element of the "border", or a "reflection". With `align_corners` -1 and 1
    are the centres of the first and last elements, otherwise their outer edges.
    Shapes: [N, C, H, W], grid [N, H', W', 2] -> [N, C, H', W']; [N, C, D, H, W], grid [N, D', H', W', 3] likewise.
    Source: torch.nn.functional.grid_sample.
    """

    samples_apart: ClassVar[bool] = True
    inputs: ClassVar[tuple[str, ...]] = ("input", "grid")
    function: ClassVar[str | None] = "grid_sample"
    exact: ClassVar[frozenset[int]] = frozenset({1})

    mode: Literal["bilinear", "nearest", "bicubic"] = "bilinear"
    padding_mode: Literal["zeros", "border", "reflection"] = "zeros"
    align_corners: bool = False

    examples: ClassVar = (
        Example("grid_sample(a, b)", ("float[N, 3, H, W]", "float[N, h, w, 2]")),
        Example('GridSample(mode = "nearest", padding_mode = "border")', ("float[N, 3, 5, 6]", "float[N, 4, T, 2]")),
        Example(
            'grid_sample(a, b, mode = "bicubic", align_corners = true)', ("float[N, 2, 5, 6]", "float[N, 3, 4, 2]")
        ),
        Example(
            'grid_sample(a, b, padding_mode = "reflection", align_corners = true)',
            ("float[N, 2, 5, 6]", "float[N, 3, 4, 2]"),
        ),
        Example("grid_sample(a, b)", ("float[N, 2, 3, 4, W]", "float[N, 2, 3, 2, 3]")),
        Example("grid_sample(a, affine_grid(b, [4, 5]))", ("float[N, 2, 5, 6]", "float[N, 2, 3]")),
    )

    def infer(self, input: TensorType, grid: TensorType) -> TensorType:
        need_dtype(input, "float")
        need_dtype(grid, "float", index=1)
        need_rank(input, 4, 5)
        need_rank(grid, input.rank, index=1)
        dims = input.rank - 2
        if not equal(grid.shape[-1], dims):
            message = f"needs {dims} coordinates in the last dimension of the grid, and gets {grid}"
            raise InputError(message, help=f"make it [N, ..., {dims}]", index=1)
        if not equal(input.shape[0], grid.shape[0]):
            message = f"needs a grid for each of {input.shape[0]} samples, and gets {grid}"
            raise InputError(message, help=f"stretch it: Expand([{input.shape[0]}, ...])", index=1)
        if dims == 3 and self.mode == "bicubic":
            raise ArgumentError("mode", '"bicubic" is for pictures, not for volumes', help='write "bilinear"')
        return input.with_shape(*input.shape[:2], *grid.shape[1:-1])


class AffineGrid(Layer):
    """The grid of an affine map for each sample: where the elements of a picture of `size` are taken from.

    Shapes: [N, 2, 3], size = [H, W] -> [N, H, W, 2]; [N, 3, 4], size = [D, H, W] -> [N, D, H, W, 3].
    With `align_corners` -1 and 1 are the centres of the first and last elements, as in `grid_sample`.
    Source: torch.nn.functional.affine_grid.
    """

    samples_apart: ClassVar[bool] = True
    by_position: ClassVar[tuple[str, ...]] = ("size",)
    inputs: ClassVar[tuple[str, ...]] = ("theta",)
    function: ClassVar[str | None] = "affine_grid"

    size: Extents
    align_corners: bool = False

    examples: ClassVar = (
        Example("affine_grid(a, [4, 5])", ("float[N, 2, 3]",)),
        Example("AffineGrid([3, 2, 5], align_corners = true)", ("float[N, 3, 4]",)),
        Example("affine_grid(a, [H, W])", ("float[N, 2, 3]", "float[N, 3, H, W]")),
    )

    def sizes(self, theta: TensorType) -> tuple[Size, ...]:
        """The size of each dimension of the grid."""
        need_dtype(theta, "float")
        need_rank(theta, 3)
        rows = number(theta.shape[1], "dimension 1 (the coordinates)")
        if rows not in (2, 3) or not equal(theta.shape[2], rows + 1):
            raise InputError(f"needs maps [N, 2, 3] or [N, 3, 4], and gets {theta}", help="Unflatten(-1, [2, 3])")
        return each(self.size, rows, "size")

    def infer(self, theta: TensorType) -> TensorType:
        return theta.with_shape(theta.shape[0], *self.sizes(theta), theta.shape[1])
