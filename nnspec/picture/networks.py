"""The networks of a file that are trained together: the models that its `train` block applies."""

from __future__ import annotations

from nnspec.elaborate.declarations import Declarations
from nnspec.syntax.walk import names_in


def networks(declarations: Declarations) -> list[str]:
    """The names of the models, in the order of the file; none where there are less than two."""
    asked = {name for train in declarations.trains for name in names_in(train)}
    found = [model.name for model in declarations.models if model.name in asked]
    return found if len(found) > 1 else []
