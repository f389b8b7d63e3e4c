"""The weights of a model that its recipe freezes, for those who ask of a model and do not train it."""

from __future__ import annotations

from nnspec.elaborate.declarations import Declarations
from nnspec.ir import Program
from nnspec.record import Record
from nnspec.syntax import tree as t


class Frozen(Record):
    """What a recipe freezes."""

    elements: dict[str, int]  # of each weight, by its key
    epochs: int | None  # for how long; None: to the end

    @property
    def note(self) -> str:
        """How it is said of a part of the model."""
        if self.epochs is None:
            return "frozen by the recipe"
        return f"frozen by the recipe for {self.epochs} epoch{'s'[: self.epochs - 1]}"


def frozen_weights(program: Program, declarations: Declarations | None) -> Frozen | None:
    """The weights that the `train` block of a model freezes; None where it freezes none.

    Raises:
        SpecError: the recipe has mistakes, such as a part that the model does not have.
    """
    blocks = declarations.trains if declarations else ()
    if declarations is None or not any(map(_freezes, blocks)):
        return None
    from nnspec.ir.state import state_dict  # here, as below: few files have a recipe that freezes
    from nnspec.recipe.parts import frozen_by, parameters
    from nnspec.recipe.plan import read_plan

    plan = read_plan(declarations, program.main.name)
    if plan.builds or not plan.recipe.freeze:
        return None
    names = frozen_by(parameters(program), plan.recipe.freeze, plan.places.get("freeze"))
    trained = (entry for entry in state_dict(program) if entry.key in names and entry.weight.trainable)
    return Frozen({entry.key: entry.weight.elements for entry in trained}, plan.recipe.thaw)


def _freezes(block: t.Train) -> bool:
    """Whether a block says what it freezes, or may take that over."""
    lines = (statement for statement in block.body.statements if isinstance(statement, t.Bind))
    return any(name.text in ("freeze", "recipe") for line in lines for name in line.names)
