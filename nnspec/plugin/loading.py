"""Plug-ins: Python modules of others that register layers, data sets and the rest. Only a command or Python names one.

A plug-in is a module that can be imported, or a file, whose folder is then looked in last for what it imports itself.
It is registered under its name in `sys.modules`, so that the processes that read data find its classes.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from os import PathLike
from pathlib import Path
from types import ModuleType

from nnspec.arguments import typed
from nnspec.diagnostics import Diagnostic, SpecError, nearest
from nnspec.raised import BadPlugin, place_of

_loaded: dict[str, ModuleType] = {}  # by what its user calls it


class NeedsPlugin(Diagnostic):
    """A run was made with plug-ins, and some of them are not loaded: its folder names them, and never loads them."""

    code = "E0453"
    folder: str
    missing: tuple[str, ...]

    @property
    def message(self) -> str:
        return f"{self.folder} was made with the plug-in {', '.join(self.missing)}, which is not loaded"

    @property
    def help(self) -> str | None:
        return f"name it, if you trust it: {' '.join(f'--plugin {name}' for name in self.missing)}"


@typed
def load_plugin(name: str | PathLike[str]) -> ModuleType:
    """Import a plug-in, once.

    Args:
        name: of a module, `my_package.layers`; or the path of a file, `layers.py`.

    Raises:
        SpecError: it cannot be imported, or registers what is there already.
    """
    name = str(name)
    if name not in _loaded:
        try:
            _loaded[name] = _from_file(name) if name.endswith(".py") else importlib.import_module(name)
        except SpecError:
            raise
        except ModuleNotFoundError as error:
            missing = error.name == name.partition(".")[0] or error.name == name
            raise _bad(name, f"there is no module {error.name}", _advice(name) if missing else _INSTALL) from error
        except Exception as error:  # whatever the code of a plug-in raises
            raise _bad(name, place_of(error), "mend the plug-in") from error
    return _loaded[name]


def loaded_plugins() -> list[str]:
    """The names under which plug-ins were loaded, in order."""
    return list(_loaded)


def check_loaded(folder: str | Path, plugins: Sequence[str]) -> None:
    """Check that the plug-ins by which a run was made are loaded, from wherever.

    Raises:
        SpecError: some are not.
    """
    here = {_short(name) for name in _loaded}
    missing = tuple(name for name in plugins if _short(name) not in here and _short(name) not in sys.modules)
    if missing:
        raise SpecError.of(NeedsPlugin(None, str(folder), missing))


def _short(name: str) -> str:
    return Path(name).stem if name.endswith(".py") else name


_INSTALL = "install what the plug-in imports"


def _from_file(name: str) -> ModuleType:
    path = Path(name).resolve()
    if not path.is_file():
        raise _bad(name, "there is no such file", _advice(name))
    stem = path.stem
    known = sys.modules.get(stem)
    if known is not None and getattr(known, "__file__", None) != str(path):
        raise _bad(name, f"a module called {stem} is there already", "give the file another name")
    if known is not None:
        return known
    spec = spec_from_file_location(stem, path)
    assert spec is not None and spec.loader is not None, "the file ends with .py"
    module = module_from_spec(spec)
    if str(path.parent) not in sys.path:
        sys.path.append(str(path.parent))
    sys.modules[stem] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[stem]
        raise
    return module


def _bad(name: str, reason: str, advice: str) -> SpecError:
    return SpecError.of(BadPlugin(None, name, reason, advice))


def _advice(name: str) -> str:
    """The way out where there is no such module or file."""
    path = Path(name if name.endswith(".py") else f"{name}.py")
    if path.is_file():
        return f"a file is named with its ending: {path}"
    files = [each.name for each in path.parent.glob("*.py")] if path.parent.is_dir() else []
    close = nearest(path.name, files)
    return f"did you mean {path.parent / close}?" if close else "name a module that Python can import, or a .py file"
