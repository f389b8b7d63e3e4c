"""PyTorch rows of grids and what is sampled at them: the places have 32 bits at least, and so has what is computed."""

from __future__ import annotations

from nnspec.layers.families.grid import AffineGrid, GridSample
from nnspec.to_torch.operands import tuple_text, written
from nnspec.to_torch.row import Call, changed, row


@row(GridSample)
def _(layer: GridSample, call: Call) -> str:
    options = changed(layer, "mode", "padding_mode") | {"align_corners": layer.align_corners}
    given, grid = call.inputs
    if call.dtype == "wide":
        return f"F.grid_sample({written(str(given), str(grid), **options)})"
    return f"F.grid_sample({written(f'{given}.to(wide)', f'{grid}.to(wide)', **options)}).to(dtype)"


@row(AffineGrid)
def _(layer: AffineGrid, call: Call) -> str:
    theta, (samples, *sizes) = call.inputs[0], call.results[0].shape[:-1]
    shape = tuple_text([call.size(samples), "1", *map(call.size, sizes)])
    return f"F.affine_grid({theta}, {shape}, align_corners={layer.align_corners})"
