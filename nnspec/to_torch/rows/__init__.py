"""The table of the PyTorch lowering, by family; importing this package fills `nnspec.to_torch.row.ROWS`."""

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
