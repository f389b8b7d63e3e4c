"""PyTorch rows of grids and what is sampled at them: the places have 32 bits at least, and so has what is computed."""

from __future__ import annotations

from nnspec.layers.families.grid import AffineGrid, GridSample
from nnspec.to_torch.operands import tuple_text, written
from nnspec.to_torch.row import LayerUse, changed, row


@row(GridSample)
def _(layer: GridSample, use: LayerUse) -> str:
    options = changed(layer, "mode", "padding_mode") | {"align_corners": layer.align_corners}
    given, grid = use.inputs
    if use.dtype == "wide":
        return f"F.grid_sample({written(str(given), str(grid), **options)})"
    return f"F.grid_sample({written(f'{given}.to(wide)', f'{grid}.to(wide)', **options)}).to(dtype)"


@row(AffineGrid)
def _(layer: AffineGrid, use: LayerUse) -> str:
    theta, (samples, *sizes) = use.inputs[0], use.results[0].shape[:-1]
    shape = tuple_text([use.size(samples), "1", *map(use.size, sizes)])
    return f"F.affine_grid({theta}, {shape}, align_corners={layer.align_corners})"
