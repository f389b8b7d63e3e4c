"""The data that is named to judge a model on: read as that of its recipe, where it is of the same kind."""

from __future__ import annotations

from pathlib import Path, PurePath

from nnspec.diagnostics import Diagnostic, Source
from nnspec.elaborate.declarations import Declarations
from nnspec.recipe.data import Data, Images, Pairs, data_at
from nnspec.recipe.given import Given, is_given
from nnspec.recipe.outside import is_path
from nnspec.recipe.plan import read_plan


class NoDataNamed(Diagnostic):
    """A model is to be judged, and nothing says on which data: a file holds no path, and a run no object of Python."""

    code = "E0677"
    path: str
    reason: str = "it does not hold the path of those of training"

    @property
    def message(self) -> str:
        return f"nothing says what {self.path} is to be judged on: {self.reason}"

    @property
    def help(self) -> str | None:
        return (
            "name data: --data PATH, in Python data = ...; or judge a file as its run: nnspec evaluate RUN --onnx FILE"
        )


def data_for(given: object, trained: Data, base: Path) -> Data:
    """The data that a path or a description stands for.

    A path of data like that of the recipe is read as the recipe says: with its label, its size, its columns.

    Args:
        given: a path, a data set as a recipe writes it, or an object of Python.
        trained: the data of the recipe.
        base: the folder that its paths start from.

    Raises:
        SpecError: it is neither.
    """
    if is_given("data", given):
        return Given(value=given)
    text = str(given)
    if not is_path("data", text):
        return read_plan(Declarations(Source("<data>", "")), "", {"data": text}).recipe.data.found(Path.cwd())
    path = str(Path(text.strip('"')).absolute())
    kind, own = data_at(path).found(Path.cwd()), trained.found(base)
    alike = type(kind) is type(own) or (isinstance(kind, Images) and isinstance(own, Pairs))
    alike = alike or PurePath(path).suffix.lower() in own.suffixes
    return own.at(path) if alike and "path" in type(own).model_fields else kind
