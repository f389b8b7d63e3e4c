"""Diagnostics in the forms that other programs read: a list in JSON, notes of GitHub Actions, SARIF 2.1.0."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from nnspec.diagnostics.diagnostic import Diagnostic, Found
from nnspec.diagnostics.source import Span
from nnspec.version import __version__

_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_json(found: Iterable[Found]) -> str:
    """A list of objects; see `Diagnostic.to_json`."""
    return json.dumps([each.diagnostic.to_json(each.chain) for each in found], indent=2)


def as_github(found: Iterable[Found]) -> str:
    """A workflow command for each, which GitHub Actions shows beside the line.

    Source: "Workflow commands for GitHub Actions", error and warning.
    """
    return "\n".join(_command(each.diagnostic) for each in found)


def _command(diagnostic: Diagnostic) -> str:
    values = {"title": diagnostic.code}
    if diagnostic.span is not None:
        line, column, end_line, end_column = diagnostic.span.lines
        values |= {"file": diagnostic.span.source.name, "line": str(line), "endLine": str(end_line)}
        if line == end_line:  # columns are of one line
            values |= {"col": str(column), "endColumn": str(end_column)}
    shown = ",".join(f"{name}={_escaped(text, ':,')}" for name, text in values.items())
    return f"::{diagnostic.severity} {shown}::{_escaped(full_text(diagnostic))}"


def _escaped(text: str, further: str = "") -> str:
    return "".join(f"%{ord(each):02X}" if each in f"%\r\n{further}" else each for each in text)


def as_sarif(found: Sequence[Found]) -> str:
    """A log of one run, with a rule for every code in it.

    Source: OASIS, Static Analysis Results Interchange Format (SARIF) 2.1.0.
    """
    kinds = {each.diagnostic.code: type(each.diagnostic) for each in found}
    rules = [_rule(code, kind) for code, kind in sorted(kinds.items())]
    driver = {"name": "nnspec", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints",
           "results": [_result(each.diagnostic) for each in found]}  # fmt: skip
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(code: str, kind: type[Diagnostic]) -> dict[str, Any]:
    text = " ".join((kind.__doc__ or kind.__name__).split())
    return {"id": code, "name": kind.__name__, "shortDescription": {"text": text}}


def _result(diagnostic: Diagnostic) -> dict[str, Any]:
    made: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": diagnostic.severity,
        "message": {"text": full_text(diagnostic)},
    }
    if diagnostic.span is not None:
        made["locations"] = [_location(diagnostic.span)]
    related = [{**_location(label.span), "message": {"text": label.text}} for label in diagnostic.labels]
    return made | ({"relatedLocations": related} if related else {})


def _location(span: Span) -> dict[str, Any]:
    line, column, end_line, end_column = span.lines
    region = {"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column}
    return {"physicalLocation": {"artifactLocation": {"uri": span.source.name}, "region": region}}


def full_text(diagnostic: Diagnostic) -> str:
    """The message with the way out."""
    return "\n".join(filter(None, (diagnostic.message, diagnostic.label, diagnostic.help)))


REPORTS: dict[str, Callable[[Sequence[Found]], str]] = {"json": as_json, "github": as_github, "sarif": as_sarif}
