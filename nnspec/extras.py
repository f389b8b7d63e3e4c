"""The optional parts of the installation: what a command needs beyond the core, and how to get it."""

from __future__ import annotations

from importlib.util import find_spec

from nnspec.diagnostics import Diagnostic, SpecError
from nnspec.record import Record


class Extra(Record):
    """An extra of pyproject.toml: what it brings, by the names that are imported, and what it is for."""

    packages: frozenset[str]
    gives: str


# As in pyproject.toml; `gpu`, which stands in the place of `onnx`, brings the same names.
EXTRAS = {
    "data": Extra(frozenset({"datasets", "pyarrow", "tokenizers"}), "Parquet, tokenizer files, Hugging Face data sets"),
    "hub": Extra(frozenset({"huggingface_hub", "jinja2", "tokenizers"}), "hf://owner/name, chat templates, tokenizers"),
    "train": Extra(
        frozenset({"numpy", "PIL", "rich", "safetensors", "torch"}), "train, evaluate, sample, import torch"
    ),
    "onnx": Extra(
        frozenset({"ml_dtypes", "numpy", "onnx", "onnxruntime", "PIL", "safetensors"}), "export --onnx, predict, verify"
    ),
    "picture": Extra(frozenset({"resvg_py"}), "draw -o net.png"),
    "highlight": Extra(frozenset({"pygments"}), "specs in colours, in documents and notebooks"),
    "lsp": Extra(frozenset({"pygls"}), "the language server, for editors"),
    "sweep": Extra(frozenset({"optuna"}), "sweep"),
    "report": Extra(frozenset({"matplotlib"}), "report, runs --html"),
    "tensorboard": Extra(frozenset({"tensorboard"}), "train --callback tensorboard"),
    "mlflow": Extra(frozenset({"mlflow"}), "train --callback mlflow"),
    "wandb": Extra(frozenset({"wandb"}), "train --callback wandb"),
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
        return next((name for name, extra in EXTRAS.items() if extra.packages.issuperset(self.packages)), "all")


def missing(*packages: str) -> tuple[str, ...]:
    """Those of the packages that are not installed."""
    return tuple(package for package in packages if find_spec(package) is None)


def need(what: str, *packages: str) -> None:
    """Check that packages can be imported, for `what` ("training", "the ONNX export").

    Raises:
        SpecError: some cannot.
    """
    lacking = missing(*packages)
    if lacking:
        raise SpecError.of(MissingExtra(None, lacking, what))
