"""Outputs: files, links, pipes and devices; standard output that is closed, full or narrow."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from nnspec import SpecError
from nnspec.output import replacing

NNSPEC = [sys.executable, "-m", "nnspec"]
EXPORT = [*NNSPEC, "export", "lenet5", "--torch"]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and devices of Unix")


def run(command: list[str], **options: object) -> subprocess.CompletedProcess[str]:
    """A command, and what it printed."""
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, check=False, **options)  # type: ignore[call-overload]


def test_a_symbolic_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept/model.py").write_text("old")
    (tmp_path / "link.py").symlink_to("kept/model.py")
    (tmp_path / "new.py").symlink_to("kept/other.py")  # nothing is there yet
    for name in ("link.py", "new.py"):
        run([*EXPORT, name], cwd=tmp_path).check_returncode()
        assert (tmp_path / name).is_symlink() and "class LeNet5" in (tmp_path / name).read_text()
    assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == ["model.py", "other.py"]


def test_a_chain_of_links_without_an_end_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    done = run([*EXPORT, "a"], cwd=tmp_path)
    assert done.returncode == 1 and "cannot write a: " in done.stderr and "Traceback" not in done.stderr


def test_a_pipe_gets_the_contents_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    run([*EXPORT, str(pipe)]).check_returncode()
    reader.join(60)
    assert "class LeNet5" in read[0] and pipe.is_fifo()


@pytest.mark.parametrize("kind", ["--torch", "--onnx"])
def test_a_device_gets_the_contents_and_stays_a_device(kind: str) -> None:
    run([*NNSPEC, "export", "lenet5", kind, "/dev/null"]).check_returncode()
    assert Path("/dev/null").is_char_device()


def test_a_device_without_room_is_a_mistake() -> None:
    done = run([*EXPORT, "/dev/full"])
    assert done.returncode == 1 and "cannot write /dev/full: no space left on device" in done.stderr


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    done = run([*EXPORT, str(tmp_path)])
    assert done.returncode == 1 and "is a directory" in done.stderr


def test_what_a_killed_process_left_is_removed_and_what_others_write_stays(tmp_path: Path) -> None:
    target = tmp_path / "model.py"
    text = f"from nnspec.output import replacing\nwith replacing({str(target)!r}):\n  print(flush=True)\n  input()\n"
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    killed, writing = (subprocess.Popen([sys.executable, "-c", text], **options) for _ in range(2))  # type: ignore[call-overload]
    for each in (killed, writing):
        assert each.stdout.readline() == "\n"
    assert len(list(tmp_path.iterdir())) == 2
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    with replacing(target) as temporary:
        assert temporary in tmp_path.iterdir() and len(list(tmp_path.iterdir())) == 2
    writing.communicate("\n")
    assert writing.returncode == 0 and list(tmp_path.iterdir()) == [target]


def test_the_longest_name_is_written(tmp_path: Path) -> None:
    target = tmp_path / ("ä" * 127)
    with replacing(target) as temporary:
        temporary.write_text("whole")
    assert target.read_text() == "whole"
    with pytest.raises(SpecError, match="cannot write"), replacing(tmp_path / ("a" * 256)) as temporary:
        temporary.write_text("never")
    assert list(tmp_path.iterdir()) == [target]


# --- standard output


@pytest.mark.parametrize("command", ["summary lenet5", "show lenet5", "--help"])
@pytest.mark.parametrize(("where", "why"), [(">&-", "it is closed"), ("> /dev/full", "no space left on device")])
def test_standard_output_that_cannot_be_written_is_one_line_and_an_exit_code(
    command: str, where: str, why: str
) -> None:
    done = run(["sh", "-c", f'exec "{sys.executable}" -m nnspec {command} {where}'])
    message, *rest = done.stderr.splitlines()
    assert done.returncode == 1 and message == f"error[E0502]: cannot write standard output: {why}"
    assert len(rest) == 1 and rest[0].startswith("  = help: ")


def test_both_outputs_may_be_closed() -> None:
    assert run(["sh", "-c", f'exec "{sys.executable}" -m nnspec summary lenet5 >&- 2>&-']).returncode == 1


def test_a_reader_that_has_seen_enough_is_no_mistake() -> None:
    done = run(["sh", "-c", f'"{sys.executable}" -m nnspec zoo | head -1'], stdout=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_text_that_the_encoding_of_the_output_lacks_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
    (tmp_path / "arrow.nn").write_text("# a → b\nmodel M { input x: float[N, 4]; Linear(2) }\n", encoding="utf-8")
    narrow = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = run([*NNSPEC, "show", "arrow.nn"], cwd=tmp_path, env=narrow)
    assert done.returncode == 1
    assert done.stderr.startswith("error[E0510]: cannot write standard output: its encoding iso8859-1 has no ")
    table = run([*NNSPEC, "summary", "arrow.nn"], cwd=tmp_path, env=narrow, stdout=subprocess.PIPE, encoding="latin-1")
    assert table.returncode == 0 and "Linear" in table.stdout


def test_a_mistake_is_shown_with_escapes_where_the_encoding_lacks_a_character(tmp_path: Path) -> None:
    (tmp_path / "wrong.nn").write_text("model M { input x: float[N, 4]; Linea(2) } # →\n", encoding="utf-8")
    narrow = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run([*NNSPEC, "check", "wrong.nn"], cwd=tmp_path, env=narrow)
    assert done.returncode == 1 and "Linear" in done.stderr and "Traceback" not in done.stderr
