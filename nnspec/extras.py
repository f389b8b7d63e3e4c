"""The optional parts of the installation: what a command needs beyond the core, and how to get it."""

from __future__ import annotations

from importlib.util import find_spec

from nnspec.diagnostics import Diagnostic, SpecError

# What the extras of pyproject.toml bring, by the name that is imported.
EXTRAS = {
    "data": frozenset({"datasets", "pyarrow", "tokenizers"}),
    "train": frozenset({"numpy", "PIL", "rich", "safetensors", "torch"}),
    "onnx": frozenset({"ml_dtypes", "numpy", "onnx", "onnxruntime", "PIL", "safetensors"}),
    "picture": frozenset({"resvg_py"}),
    "highlight": frozenset({"pygments"}),
    "lsp": frozenset({"pygls"}),
    "sweep": frozenset({"optuna"}),
    "tensorboard": frozenset({"tensorboard"}),
    "mlflow": frozenset({"mlflow"}),
    "wandb": frozenset({"wandb"}),
}


class MissingExtra(Diagnostic):
    """A command needs a package that is not installed. The core of nnspec is small; the rest comes in extras."""

    code = "E0501"
    packages: tuple[str, ...]
    what: str

    @property
    def message(self) -> str:
        *others, last = self.packages
        packages = f"{', '.join(others)} and {last}" if others else last
        return f"{self.what} needs packages that are not installed: {packages}"

    @property
    def help(self) -> str | None:
        return f'install it: pip install "nnspec[{self.extra}]"'

    @property
    def extra(self) -> str:
        """The extra that brings all that is missing."""
        return next((name for name, brought in EXTRAS.items() if brought.issuperset(self.packages)), "all")


def need(what: str, *packages: str) -> None:
    """Check that packages can be imported, for `what` ("training", "the ONNX export").

    Raises:
        SpecError: some cannot.
    """
    missing = tuple(package for package in packages if find_spec(package) is None)
    if missing:
        raise SpecError.of(MissingExtra(None, missing, what))
