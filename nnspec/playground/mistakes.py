"""Mistakes in building the page: one class each."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class CannotBuild(Diagnostic):
    """The page is built with npm and pip, which bring what is no part of nnspec: an editor, Python for the browser.

    `python -m nnspec.playground.build` needs node, npm and pip, and the registries that these are set to. Nothing of
    what they bring is kept but in the folder of the page.
    """

    code = "E0523"
    step: str
    reason: str

    @property
    def message(self) -> str:
        return f"the page cannot be built: {self.step}: {self.reason}"

    @property
    def help(self) -> str | None:
        return "install node with npm, and see that npm and pip reach their registries"
