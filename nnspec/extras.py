"""The optional parts of the installation: what a command needs beyond the core, and how to get it."""

from __future__ import annotations

from importlib.util import find_spec

from nnspec.diagnostics import Diagnostic, SpecError

# Which extra of pyproject.toml brings an import.
EXTRA_OF = {
    "torch": "train",
    "safetensors": "train",
    "rich": "train",
    "numpy": "onnx",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "PIL": "train",
}


class MissingExtra(Diagnostic):
    """A command needs a package that is not installed. The core of nnspec is small; the rest comes in extras."""

    code = "E0501"
    packages: tuple[str, ...]
    what: str

    @property
    def message(self) -> str:
        return f"{self.what} needs {' and '.join(self.packages)}, which {'is' if len(self.packages) == 1 else 'are'} \
not installed"

    @property
    def help(self) -> str | None:
        extras = ",".join(dict.fromkeys(EXTRA_OF.get(package, "all") for package in self.packages))
        return f'install it: pip install "nnspec[{extras}]"'


def need(what: str, *packages: str) -> None:
    """Check that packages can be imported, for `what` ("training", "the ONNX export").

    Raises:
        SpecError: some cannot.
    """
    missing = tuple(package for package in packages if find_spec(package) is None)
    if missing:
        raise SpecError.of(MissingExtra(None, missing, what))
