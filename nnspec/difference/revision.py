"""A spec as it was: `REV:path`, a file of a revision in a git repository, with all that it imports.

The specs of the revision are taken out of the repository into a folder of their own, which is gone afterwards; the
repository stays as it is.
"""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path, PurePosixPath

from nnspec.diagnostics import Diagnostic, SpecError


class NoSuchRevision(Diagnostic):
    """`REV:path` names no file: there is no repository, no such revision, or no such file in it."""

    code = "E0514"
    path: str
    reason: str

    @property
    def message(self) -> str:
        return f"cannot read {self.path}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "name a revision and a file as for `git show`: HEAD~1:model.nn"


def is_revision(path: str) -> bool:
    """Whether a path is `REV:path`, and no file that is there."""
    revision, colon, rest = path.partition(":")
    return bool(colon and len(revision) > 1 and rest) and not Path(path).exists()


@contextmanager
def taken_out(path: str) -> Iterator[Path]:
    """The file of a revision, in a folder with the other specs of that revision.

    Raises:
        SpecError: there is no such file.
    """
    revision, _, name = path.partition(":")
    if revision.startswith("-"):
        raise SpecError.of(NoSuchRevision(None, path, f"{revision} is no revision"))
    where = _git(path, "rev-parse", "--show-prefix").decode().strip()
    top = _git(path, "rev-parse", "--show-toplevel").decode().strip()
    inside = PurePosixPath(name) if not name.startswith("./") else PurePosixPath(where) / name
    _git(path, "cat-file", "-e", f"{revision}:{inside}")
    archive = _git(path, "-C", top, "archive", "--format=tar", revision)
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(fileobj=BytesIO(archive)) as packed:
            for member in packed.getmembers():
                if member.isfile() and member.name.endswith(".nn"):
                    packed.extract(member, folder, filter="data")
        yield Path(folder) / inside


def _git(path: str, *arguments: str) -> bytes:
    """The output of a git command, for a path that was asked for."""
    try:
        return subprocess.run(
            ["git", *arguments], capture_output=True, check=True, env={**os.environ, "LC_ALL": "C"}
        ).stdout
    except FileNotFoundError:
        raise SpecError.of(NoSuchRevision(None, path, "git is not installed")) from None
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").strip().splitlines()
        reason = lines[0].removeprefix("fatal: ") if lines else "git has no such file"
        raise SpecError.of(NoSuchRevision(None, path, reason)) from None
