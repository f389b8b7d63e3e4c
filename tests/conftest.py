"""What all tests share: the paths of the repository, and one thread for each of the processes that run side by side."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds `nnspec/`, `grammar/`, `specs/` and `tests/`."""
    return Path(__file__).parent.parent


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table of the acceptance on a GPU: what each of its tests found, or why it was skipped."""
    lines: list[tuple[str, str]] = []
    for outcome in ("passed", "failed", "skipped"):
        for report in terminalreporter.getreports(outcome):
            if "gpu" in getattr(report, "keywords", ()) and (report.when == "call" or outcome == "skipped"):
                reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else outcome
                found = "  ".join(f"{name} {value}" for name, value in report.user_properties)
                lines.append((report.nodeid.partition("::")[2], found or reason))
    if any(not line.startswith("Skipped: no GPU") for _, line in lines):
        terminalreporter.section("on the GPU")
        for name, line in lines:
            terminalreporter.write_line(f"{name:<100}  {line}")
