"""The wheel: what is in it, and that the core works from it alone."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import nnspec

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked, as an installer leaves it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed: Path, *arguments: str, hidden: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """`nnspec` from the wheel, in a process that finds none of the packages in `hidden`."""
    code = f"""
import sys
import tarfile
sys.path.insert(0, {str(installed)!r})
from importlib.machinery import PathFinder
class Visible(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.partition(".")[0] in {hidden!r} else PathFinder.find_spec(name, path, target)
sys.meta_path[sys.meta_path.index(PathFinder)] = Visible
from nnspec.cli.main import main
import nnspec
assert nnspec.__file__.startswith({str(installed)!r}), nnspec.__file__
main(prog_name="nnspec")
"""
    command = [sys.executable, "-P", "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=installed)


def test_the_wheel_holds_the_package_the_grammar_the_zoo_and_the_digits(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = archive.read(f"nnspec-{nnspec.__version__}.dist-info/METADATA").decode()
    specs = {f"nnspec/_resources/specs/{path.relative_to(ROOT / 'specs')}" for path in (ROOT / "specs").rglob("*.nn")}
    assert specs
    assert specs <= names
    examples = {f"nnspec/_resources/examples/{path.name}" for path in (ROOT / "examples").iterdir()}
    assert examples <= names
    assert {"nnspec/_resources/grammar/nnspec.lark", "nnspec/train/data/digits.npz", "nnspec/py.typed"} <= names
    assert not [name for name in names if name.startswith(("tests", "examples", "docs")) or "__pycache__" in name]
    assert f"Version: {nnspec.__version__}\n" in metadata
    core = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert [line.split()[1].partition(">")[0] for line in core] == ["click", "lark", "pydantic"]


CORE_ONLY = ("torch", "numpy", "onnx", "onnxruntime", "safetensors", "rich", "PIL")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("check", "zoo/lenet5.nn"), "LeNet5 is sound"),
        (("summary", "zoo/lenet5.nn"), "Trainable parameters  61,706"),
        (("show", "zoo/lenet5.nn"), "model LeNet5("),
        (("explain", "E0501"), "MissingExtra"),
        (("explain", "Conv2d"), "Conv2d(out_channels"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_core_commands_work_from_the_wheel_without_any_extra(installed, arguments, expected):
    result = run(installed, *arguments, hidden=CORE_ONLY)
    assert (result.returncode, result.stderr) == (0, "")
    assert expected in result.stdout


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("export", "zoo/lenet5.nn", "--onnx", "a.onnx"), "onnx"),
        (("predict", "a.onnx", "--input", "a.png"), "onnx"),
        (("train", "zoo/lenet5.nn"), "train"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_without_its_extra_names_the_command_that_installs_it(installed, arguments, extra):
    result = run(installed, *arguments, hidden=CORE_ONLY)
    assert result.returncode == 1, result.stderr
    assert result.stderr.startswith("error[E0501]: ")
    assert 'pip install "nnspec[' in result.stderr
    assert extra in result.stderr.partition("nnspec[")[2]
    assert not (installed / "a.onnx").exists()


def test_pygments_finds_the_lexer_of_the_wheel_by_its_name_and_by_the_name_of_a_file(installed):
    pytest.importorskip("pygments", reason="colours of documents need Pygments")
    code = f"""
import sys
import tarfile
sys.path.insert(0, {str(installed)!r})
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
for lexer in (get_lexer_by_name("nn"), get_lexer_by_name("nnspec"), get_lexer_for_filename("model.nn")):
    print(lexer.name, sys.modules[type(lexer).__module__].__file__.startswith({str(installed)!r}))
"""
    result = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, cwd=installed)
    assert result.stdout == "nnspec True\n" * 3, result.stderr


def build(kind: str, tree: Path, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    (path,) = folder.iterdir()
    return path


def test_the_same_files_give_the_same_bytes_and_the_sdist_the_same_wheel(wheel, tmp_path):
    sdist = build("sdist", ROOT, tmp_path / "sdist")
    assert build("sdist", ROOT, tmp_path / "again").read_bytes() == sdist.read_bytes()
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "tree", filter="data")
    (tree,) = (tmp_path / "tree").iterdir()
    made = build("wheel", tree, tmp_path / "wheel")
    assert made.read_bytes() == wheel.read_bytes()
    assert f"version: {nnspec.__version__}\n" in (tree / "CITATION.cff").read_text()


@pytest.mark.slow
def test_the_first_page_works_from_the_wheel_alone_outside_the_clone(wheel, tmp_path):
    environment, place = tmp_path / "environment", tmp_path / "place"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True)
    (packages,) = environment.glob("lib/*/site-packages")
    # the dependencies are those of this environment; nnspec itself is the wheel's, which stands before it
    (packages / "outer.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    place.mkdir()
    block = (ROOT / "README.md").read_text().partition("<!-- run: first -->\n```bash\n")[2].partition("```")[0]
    commands = [line.strip().removeprefix("&& ").removesuffix("\\").strip() for line in block.splitlines()][1:]
    assert [command.split()[1] for command in commands] == ["train", "export", "predict"]
    commands += ["nnspec draw examples/lenet5_digits.nn -o net.svg", "nnspec summary zoo/lenet5.nn"]
    for command in commands:
        run = [str(environment / "bin" / "nnspec"), *command.split()[1:]]
        done = subprocess.run(run, cwd=place, capture_output=True, text=True, env=variables)
        assert done.returncode == 0, (command, done.stderr)
        if "predict" in command:
            assert "3" in done.stdout.split("logits")[-1]
    assert (place / "net.svg").read_text().startswith("<svg")
    where = [str(python), "-P", "-c", "import nnspec; print(nnspec.__file__)"]
    found = subprocess.run(where, cwd=place, capture_output=True, text=True, env=variables).stdout
    assert found.startswith(str(packages))
