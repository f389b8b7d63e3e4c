"""A module that is applied again, to inputs of other sizes, must compute by the `forward` that it has.

PyTorch keeps one class a module. Sizes that are numbers stand in its `forward` where a step needs them, as in
`reshape(n, 12)`, and would be those of the first application; where none do, as in convolutions, any size will do.
"""

from __future__ import annotations

from nnspec.diagnostics import SpecError
from nnspec.ir import Program
from nnspec.ir.reuse import reapplied
from nnspec.to_torch.classes import Classes
from nnspec.to_torch.form import Forms
from nnspec.to_torch.mistakes import NotInTorch


def check_reuse(program: Program, forms: Forms) -> None:
    """Check that what is applied again computes the same steps each time.

    Raises:
        SpecError: its steps have other numbers for the other inputs.
    """
    for call, built, again in reapplied(program):
        classes = Classes(forms)
        if classes.exact(again) != classes.exact(built):
            name = program.modules[again].name
            reason = "its steps differ, or have numbers in them, by what it was given first, and this is something else"
            raise SpecError.of(NotInTorch(None, name, call.label or name, reason))
