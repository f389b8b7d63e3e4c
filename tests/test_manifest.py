"""Files that are written together and known by their SHA-256: killed at any moment, on a full disk, damaged anywhere."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from nnspec import SpecError
from nnspec.manifest import MANIFEST, check_digest, digest, replacing_together, settle
from nnspec.output import replacing

FIRST = {"spec.nn": b"a spec", "deep/block.nn": b"a block", "state": b"one"}
SECOND = {"state": b"two", "weights": b"new"}


def write(folder: Path, files: dict[str, bytes]) -> None:
    with replacing_together(folder) as path_for:
        for name, content in files.items():
            path_for(name).write_bytes(content)


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def killed(action: Callable[[], None], event: int) -> bool:
    """Whether a process that is killed at its so manieth event, such as a file opened or renamed, came to die of it."""
    child = os.fork()
    if child == 0:
        seen = 0

        def count(name: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            seen += name == "open" or name.startswith("os.")
            if seen > event and name != "os.kill":
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        try:
            action()
        finally:
            os._exit(0)
    return os.waitpid(child, 0)[1] == signal.SIGKILL


def test_files_take_their_places_together_and_are_known_by_their_digests(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    write(tmp_path, SECOND)
    assert contents(tmp_path) == FIRST | SECOND
    digests = {name: len(known) for name, known in settle(tmp_path).files.items()}
    assert digests == {"spec.nn": 1, "deep/block.nn": 1, "state": 2, "weights": 1}
    check_digest(tmp_path / "weights")


def test_a_process_that_is_killed_at_any_event_leaves_all_files_of_before_or_all_of_after(tmp_path: Path) -> None:
    outcomes = set()
    for event in range(1000):
        folder = tmp_path / str(event)
        folder.mkdir()
        write(folder, FIRST)
        died = killed(lambda folder=folder: write(folder, SECOND), event)  # type: ignore[misc]
        for path in folder.rglob("[!.]*"):
            if path.is_file() and path.name != MANIFEST:
                check_digest(path)  # a reader that comes before the run goes on
        settle(folder)
        assert contents(folder) in (FIRST, FIRST | SECOND)
        outcomes.add((died, contents(folder) == FIRST))
        if not died:
            break
    assert outcomes == {(True, True), (True, False), (False, False)}


def test_a_file_that_changed_in_any_byte_is_refused(tmp_path: Path) -> None:
    write(tmp_path, FIRST)
    write(tmp_path, SECOND)
    chance = random.Random(0)
    for name in [*FIRST, *SECOND, MANIFEST]:
        path = tmp_path / name
        whole = path.read_bytes()
        for _ in range(20):
            damaged = bytearray(whole)
            damaged[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            path.write_bytes(damaged)
            if name == MANIFEST and b"".join(damaged.split()) == b"".join(whole.split()):
                continue  # one blank became another
            with pytest.raises(SpecError, match="was changed or damaged"):
                settle(tmp_path)
        path.write_bytes(whole)
    (tmp_path / "state").unlink()
    with pytest.raises(SpecError, match="state is missing"):
        settle(tmp_path)


def test_a_manifest_reaches_no_file_outside_its_folder(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "outside").write_bytes(b"a file")
    for name in ("../outside", str(tmp_path / "outside"), "deep/../../outside"):
        files = {name: [digest(tmp_path / "outside")]}
        signed = {"files": files, "sha256": sha256(json.dumps(files).encode()).hexdigest()}
        (tmp_path / "run" / MANIFEST).write_text(json.dumps(signed))
        with pytest.raises(SpecError, match=f"{MANIFEST} was changed"):
            settle(tmp_path / "run")


@pytest.mark.parametrize("full_after", range(6))
def test_a_full_disk_leaves_all_files_of_before(
    full_after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, FIRST)
    calls, fsync = 0, os.fsync

    def full(handle: int) -> None:
        nonlocal calls
        calls += 1
        if calls > full_after:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", full)
    try:
        write(tmp_path, SECOND)
        written = SECOND
    except SpecError as error:
        assert "no space left on device" in str(error)
        written = {}
    monkeypatch.undo()
    settle(tmp_path)
    assert contents(tmp_path) in (FIRST | written, FIRST | SECOND)
    assert not list(tmp_path.rglob(".*"))


def test_a_single_file_reaches_the_disk_before_its_name_and_its_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append("folder" if os.path.samestat(os.fstat(handle), tmp_path.stat()) else "file")
        fsync(handle)

    def replaced(path: Path, target: Path) -> Path:
        done.append("rename")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    with replacing(tmp_path / "file") as temporary:
        temporary.write_bytes(b"content")
    assert done == ["file", "rename", "folder"]
