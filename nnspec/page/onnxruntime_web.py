"""Where the files of onnxruntime-web come from: a folder or package that is named, node_modules, or npm.

They are other people's work and no part of nnspec: a page gets a copy, with the package's own README and license line.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from nnspec.diagnostics import SpecError
from nnspec.page.mistakes import NoOnnxruntimeWeb
from nnspec.record import Record

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"  # the version that is tested, which npm is asked for
# What computes on the processor, and what on a GPU through WebGPU; a browser loads one of both.
FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
    "ort.webgpu.min.mjs",
    "ort-wasm-simd-threaded.asyncify.mjs",
    "ort-wasm-simd-threaded.asyncify.wasm",
)
SECONDS = 600  # that npm may take


class Found(Record):
    """The package: its files, its version, and where it came from in words."""

    files: dict[str, Path]
    version: str
    origin: str


@contextmanager
def onnxruntime_web(given: Path | None) -> Iterator[Found]:
    """The package, while the block lasts: that at a path, of node_modules, or of npm.

    Raises:
        SpecError: it is at none of these places.
    """
    with TemporaryDirectory(prefix="nnspec-") as folder:
        if given is not None:
            place = _unpacked(given, Path(folder)) if given.is_file() else given
            yield _package(place, str(given))
            return
        installed = next((place for place in _installed(Path.cwd()) if place.is_dir()), None)
        if installed is not None:
            yield _package(installed, str(installed))
            return
        npm = shutil.which("npm")
        if npm is None:
            reason = "it is in no node_modules from here upwards, and there is no npm to bring it"
            raise SpecError.of(NoOnnxruntimeWeb(None, reason))
        yield _package(_fetched(npm, Path(folder)), "npm")


def _installed(start: Path) -> Iterator[Path]:
    for folder in (start, *start.parents):
        yield folder / "node_modules" / PACKAGE


def _package(place: Path, origin: str) -> Found:
    """A package from its folder, from that of its files, or from one with node_modules in it."""
    candidates = (place, place / "dist", place / PACKAGE / "dist", place / "node_modules" / PACKAGE / "dist")
    folder = next((each for each in candidates if all((each / name).is_file() for name in FILES)), None)
    if folder is None:
        missing = next(name for name in FILES if not any((each / name).is_file() for each in candidates))
        raise SpecError.of(NoOnnxruntimeWeb(None, f"{origin} holds no {missing}"))
    return Found({name: folder / name for name in FILES}, _version(folder.parent), origin)


def _version(package: Path) -> str:
    try:
        return str(json.loads((package / "package.json").read_bytes())["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return "of an unknown version"


def _unpacked(package: Path, folder: Path) -> Path:
    """The folder of a packed package, as `npm pack` writes it."""
    try:
        with tarfile.open(package) as archive:
            archive.extractall(folder, filter="data")
    except (OSError, tarfile.TarError, EOFError) as error:
        raise SpecError.of(NoOnnxruntimeWeb(None, f"{package} cannot be unpacked: {error}")) from None
    return folder / "package"


def _fetched(npm: str, folder: Path) -> Path:
    """The package, brought by npm from the registry that it is set to."""
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SpecError.of(NoOnnxruntimeWeb(None, f"npm does not bring it: {error}")) from None
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode or packed is None:
        told = (done.stderr.strip().splitlines() or ["it says nothing"])[-1]
        raise SpecError.of(NoOnnxruntimeWeb(None, f"npm does not bring it: {told}"))
    return _unpacked(packed, folder)
