"""Build the page: `python -m nnspec.playground.build -o site` makes a folder that any static web server can serve.

npm brings the editor (CodeMirror), what bundles it (esbuild) and Python for the browser (Pyodide); pip brings the
packages that the compiler needs, in wheels for Pyodide. They lie in the folder of the page only. All of Python is
compiled, and loaded once: the page begins with the memory of that moment, and unpacks the rest behind the first view.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory

import click

import nnspec
from nnspec.cli.options import reporting
from nnspec.diagnostics import SpecError
from nnspec.output import cannot_write
from nnspec.playground.menu import menu, texts
from nnspec.playground.mistakes import CannotBuild
from nnspec.resources import folder

PLATFORM, PYTHON = "pyemscripten_2026_0_wasm32", "3.14"  # of the Pyodide that package.json asks for
PACKAGES = ("click>=8.1", "lark>=1.3", "pydantic>=2.10", "pygls>=2.0")
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip", "pyodide-lock.json")
PAGES = ("index.html", "page.css", "picture.html", "worker.js")
RESOURCES = {"specs": "specs", "docs/reference": "docs/reference"}  # what the compiler reads besides its code
# Parts of nnspec that need what no browser has, and that nothing else of it imports when it is loaded.
LEFT_OUT = (
    "bench",
    "callbacks",
    "evaluation",
    "huggingface",
    "importing",
    "page/web",
    "playground/web",
    "sweep",
    "triton",
)
UNUSED = (".pyi", ".typed", ".npz", ".csv")  # files of packages that nothing here reads
SECONDS = 1200  # that a step may take


@click.command("build")
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, metavar="DIR",
              help="The folder of the page.")  # fmt: skip
@reporting
def command(output: Path) -> None:
    """Build the page on which nnspec runs in the browser, as a folder for any static web server."""
    size = build(output)
    click.echo(f"{output}: {size / 1e6:.1f} MB; serve it: python -m http.server -d {output}")


def build(output: Path) -> int:
    """Write the page; the bytes of its files.

    Raises:
        SpecError: npm or pip are not there or fail, or the folder cannot be written.
    """
    try:
        output.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="nnspec-") as name:
            _build(output, Path(name))
        return sum(path.stat().st_size for path in output.rglob("*") if path.is_file())
    except OSError as error:
        raise cannot_write(error.filename or output, error) from None


def _build(output: Path, work: Path) -> None:
    web = files("nnspec.playground").joinpath("web")
    for part in web.iterdir():
        (work / part.name).write_bytes(part.read_bytes())
    for tool in ("node", "npm"):
        if shutil.which(tool) is None:
            raise SpecError.of(CannotBuild(None, f"there is no {tool}", "it brings the editor and Python"))
    _run("npm install", ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], work)
    site = work / "site"
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-compile",
        "--disable-pip-version-check",
        "--target",
        str(site),
    ]
    wheels = ["--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON, "--platform", PLATFORM]
    _run("pip install", [*pip, "--target", str(site), *wheels, *PACKAGES], work)
    _copy_package(site / "nnspec")
    _run("packing", ["node", "pack.mjs", str(site), str(output / "memory.bin"), "loaded.txt"], work)
    _pack(site, output / "python.zip", (work / "loaded.txt").read_text(encoding="utf-8").splitlines())
    esbuild = ["node", "node_modules/esbuild/bin/esbuild", "main.js", "--bundle", "--minify", "--format=esm"]
    _run("esbuild", [*esbuild, "--target=es2022", "--legal-comments=eof", f"--outfile={output / 'main.js'}"], work)
    (output / "pyodide").mkdir(exist_ok=True)
    for name in PYODIDE:
        shutil.copyfile(work / "node_modules/pyodide" / name, output / "pyodide" / name)
    for name, path in texts().items():
        target = output / "texts" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    (output / "menu.json").write_text(json.dumps(menu()), encoding="utf-8")
    for name in PAGES:  # last: a page that is there is complete
        shutil.copyfile(work / name, output / name)


def _copy_package(target: Path) -> None:
    """The package itself, with the files that it reads."""
    source = Path(nnspec.__file__).parent
    left_out = {source / name for name in LEFT_OUT}

    def ignored(inside: str, names: list[str]) -> list[str]:
        return [name for name in names if name == "__pycache__" or Path(inside) / name in left_out]

    shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    for name, place in RESOURCES.items():
        origin = folder(name.partition("/")[0]) / name.partition("/")[2]
        shutil.copytree(origin, target / "_resources" / place, dirs_exist_ok=True)


def _pack(site: Path, archive: Path, loaded: Sequence[str]) -> None:
    """Write an archive of what the memory does not hold, compiled; of nnspec the texts, too, which it reads itself."""
    held = {site / name.removeprefix("/site/") for name in loaded if name.startswith("/site/")}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(site.rglob("*")):
            name = path.relative_to(site)
            if not path.is_file() or path.suffix in UNUSED or {"bin", "v1"} & set(name.parts):
                continue
            own = name.parts[0] == "nnspec"
            if path.suffix == ".pyc":  # it lies beside the folder of its text's compiled form, or takes its place
                text = path.parent.parent / f"{path.name.partition('.')[0]}.py"
                if text not in held:
                    packed.write(path, name if own else text.relative_to(site).with_suffix(".pyc"))
            elif own or path.suffix != ".py":
                packed.write(path, name)


def _run(step: str, command: Sequence[str], place: Path) -> None:
    """Run a step of others.

    Raises:
        SpecError: it fails.
    """
    program = shutil.which(command[0]) or command[0]
    try:
        done = subprocess.run([program, *command[1:]], cwd=place, capture_output=True, text=True, timeout=SECONDS,
                              check=False)  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SpecError.of(CannotBuild(None, step, f"it takes longer than {SECONDS // 60} minutes")) from None
    if done.returncode:
        told = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        reason = next((line for line in told if "error" in line.lower()), told[-1] if told else "it fails")
        raise SpecError.of(CannotBuild(None, step, reason))


if __name__ == "__main__":
    command()
