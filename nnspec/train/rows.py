"""The tables of what is done for a choice of a recipe: data is read, pictures are changed, optimizers are made.

A row is a function, registered under the classes of choices that it is for, those of nnspec and of plug-ins alike:

    @register_augmentation(RandomFlip)
    def _(choice, pictures, draws):
        ...

Nothing heavy is imported here: `nnspec check` reads plug-ins, too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from nnspec.diagnostics import SpecError
from nnspec.raised import fails, guarded
from nnspec.recipe.augmentation import Augmentation
from nnspec.recipe.choice import Choice
from nnspec.recipe.data import Data
from nnspec.recipe.optimizers import Optimizer
from nnspec.recipe.recipe import Recipe
from nnspec.recipe.schedules import Schedule
from nnspec.registration import BadRegistration, check_classes, check_row
from nnspec.train.pace import Course, Curve

if TYPE_CHECKING:
    from torch import Generator, Tensor, optim

    from nnspec.train.data.place import Place

Row = TypeVar("Row", bound=Callable[..., Any])


class Table(Generic[Row]):
    """The rows for one key of the recipe, by the class of the choice."""

    def __init__(self, base: type[Choice], way: str) -> None:
        """A table of choices that are a `base`; `way` is how a plug-in registers a row, for messages."""
        self.base = base
        self.way = way
        self.rows: dict[type[Choice], Row] = {}

    def register(self, *choices: type[Choice]) -> Callable[[Row], Row]:
        """A decorator for the row of these choices.

        Raises:
            SpecError: one is no choice for this key, or gives no word to write.
        """
        check_classes(choices, self.base, f"choice for the key `{self.base.key}` of a recipe")

        def register(row: Row) -> Row:
            check_row(row, choices)
            words = ", ".join(each.__name__ for each in choices)
            self.rows.update(dict.fromkeys(choices, guarded(row, lambda line: fails(row.__module__, words, line))))
            return row

        return register

    def row(self, choice: Choice) -> Row:
        """The row of a choice: its own, or that of the class that it is made from.

        Raises:
            SpecError: there is none.
        """
        for kind in type(choice).__mro__:
            if kind in self.rows:
                return self.rows[kind]
        raise SpecError.of(BadRegistration(None, choice.word, "nothing says what is done for it", self.way))


Drawn = Callable[["Tensor", "Tensor"], "Tensor"]  # pictures [N, C, H, W] and the value of black [C]: changed pictures
Reader = Callable[[Any, "Place"], object]
READERS: Table[Reader] = Table(Data, "decorate a function with @register_data(...)")


def register_data(*choices: type[Data]) -> Callable[[Reader], Reader]:
    """Register how a data set is read: a decorator for a function `(choice, place) -> data`.

    `place` says what is read for: the folder that paths start from, the inputs of the model. What the function gives is
    a `DataSet`, or anything that `Model.train` takes: arrays by name, a data set of torch, batches.

    Args:
        choices: the classes of data sets that it is for.
    """
    return READERS.register(*choices)


Change = Callable[[Any, "Tensor", "Generator"], Drawn]
AUGMENTATIONS: Table[Change] = Table(Augmentation, "decorate a function with @register_augmentation(...)")


def register_augmentation(*choices: type[Augmentation]) -> Callable[[Change], Change]:
    """Register how pictures are changed: a decorator for a function `(choice, pictures, draws) -> change`.

    It draws for a whole batch of pictures [N, C, H, W] at once, with the generator `draws`, and gives a function
    `(pictures, black) -> pictures` that carries the change out, `black` being the value of a black pixel [C]. Where the
    choice `moves` things, it is carried out on the masks [N, 1, H, W] that belong to the pictures, too.

    Args:
        choices: the classes of augmentations that it is for.
    """
    return AUGMENTATIONS.register(*choices)


Groups = list[dict[str, Any]]  # of weights, as optimizers of torch take them
Builder = Callable[[Any, Groups, bool], "optim.Optimizer"]
OPTIMIZERS: Table[Builder] = Table(Optimizer, "decorate a function with @register_optimizer(...)")


def register_optimizer(*choices: type[Optimizer]) -> Callable[[Builder], Builder]:
    """Register how an optimizer is made: a decorator for a function `(choice, groups, fused) -> torch.optim.Optimizer`.

    `groups` are the weights as optimizers of torch take them, `fused` is whether torch has one kernel for all of them.
    Without such a function an optimizer is the class of `torch.optim` that has its name.

    Args:
        choices: the classes of optimizers that it is for.
    """
    return OPTIMIZERS.register(*choices)


Follow = Callable[[Any, Course], Curve]
SCHEDULES: Table[Follow] = Table(Schedule, "decorate a function with @register_schedule(...)")


def register_schedule(*choices: type[Schedule]) -> Callable[[Follow], Follow]:
    """Register what a schedule gives: a decorator for a function `(choice, course) -> curve`.

    `curve(step)` is the `Pace` of a step, counted from 0; the warm-up before it is not its business.

    Args:
        choices: the classes of schedules that it is for.
    """
    return SCHEDULES.register(*choices)


def need_rows(recipe: Recipe) -> None:
    """Check that plug-ins say how their data is read, their pictures are changed, and their rates follow a schedule.

    What nnspec registers itself, and optimizers that torch may have, are not looked at: the modules that carry them out
    are not imported here.

    Raises:
        SpecError: nothing is registered for a choice.
    """
    pairs: list[tuple[Table[Any], Choice]] = [(READERS, recipe.data), (SCHEDULES, recipe.schedule)]
    pairs += [(AUGMENTATIONS, each) for each in recipe.augment]
    for table, choice in pairs:
        own = type(choice).__mro__[: type(choice).__mro__.index(table.base)]
        if not any(kind.__module__.startswith("nnspec.") for kind in own):
            table.row(choice)
