"""Specs that ask for more than a limit allows."""

from __future__ import annotations

from nnspec.diagnostics import Diagnostic


class TooDeep(Diagnostic):
    """Blocks call each other deeper than the limit: a recursion must end under an `if`."""

    code = "E0215"
    name: str
    bound: int
    endless: bool = False

    @property
    def message(self) -> str:
        if self.endless:
            return f"{self.name} calls itself with the same arguments, without an end"
        return f"{self.name} is called inside itself more than {self.bound} blocks deep"

    @property
    def help(self) -> str | None:
        way = "end the recursion with an `if` on an argument that changes from call to call"
        raised = f"raise the limit for this run: --limit recursion={2 * self.bound}"
        return way if self.endless else f"{way},\nor {raised}"


class TooMuch(Diagnostic):
    """The spec asks for more than a limit allows. Whoever runs nnspec may raise it; a spec cannot."""

    code = "E0216"
    what: str
    limit: str
    bound: int
    times: int = 1

    @property
    def message(self) -> str:
        return f"{self.what} exceeds the limit of {self.bound * self.times:,}"

    @property
    def help(self) -> str | None:
        return f"make it smaller, or raise the limit for this run: --limit {self.limit}={2 * self.bound}"
