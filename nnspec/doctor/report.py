"""The report of `nnspec doctor`, as text and as JSON."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from nnspec.doctor.devices import Device, devices
from nnspec.doctor.packages import STATES, Part, parts
from nnspec.record import Record
from nnspec.version import __version__


class Report(Record):
    """The installation as it was found."""

    python: str
    platform: str
    place: Path
    parts: tuple[Part, ...]
    devices: tuple[Device, ...]

    @property
    def sound(self) -> bool:
        """Whether all that is installed can be imported; an extra that is not installed is no fault."""
        return not any(part.broken for part in self.parts)

    def text(self) -> str:
        """The report for a person."""
        lines = [f"nnspec {__version__} in {self.place}", f"Python {self.python}, {self.platform}", ""]
        names, states = max(len(part.name) for part in self.parts), max(map(len, STATES))
        for part in self.parts:
            lines.append(f"{part.name:<{names}}  {part.state:<{states}}  {part.gives}")
            lines += [f"{'':<{names}}  {'':<{states}}  {line}" for line in _details(part)]
        if self.devices:
            options = max(len(f"{each.option} {each.name}") for each in self.devices)
            lines += ["", *(f"{f'{each.option} {each.name}':<{options}}  {each.about}" for each in self.devices)]
        return "\n".join(lines)

    def plain(self) -> dict[str, object]:
        """The report as JSON has it."""
        return {
            "nnspec": __version__,
            "python": self.python,
            "platform": self.platform,
            "place": str(self.place),
            "sound": self.sound,
            "parts": [
                {"name": part.name, "state": part.state, "gives": part.gives, "missing": list(part.missing),
                 "packages": {each.name: each.version for each in part.packages},
                 "broken": {each.name: each.trouble for each in part.broken}}
                for part in self.parts
            ],
            "devices": [{"option": each.option, "name": each.name, "about": each.about} for each in self.devices],
        }  # fmt: skip


def _details(part: Part) -> list[str]:
    """The versions of what is there, what cannot be imported, and how to get what is missing."""
    here = [f"{each.name} {each.version}" for each in part.packages if each.version is not None]
    lines = [", ".join(here)] if here else []
    lines += [f"{each.name} cannot be imported: {each.trouble}" for each in part.broken]
    if part.missing:
        lines.append(f'without {", ".join(part.missing)}: pip install "nnspec[{part.name}]"')
    return lines


def examine() -> Report:
    """What is installed here and what it can do."""
    return Report(
        sys.version.split()[0],
        f"{platform.system()} {platform.machine()}",
        Path(__file__).parents[1],
        parts(),
        devices(),
    )
