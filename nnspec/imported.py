"""Models that others wrote, as PyTorch, ONNX or a configuration: `nnspec.from_torch`, `from_onnx`, `from_config`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, cast

from nnspec.arguments import WrongArgument, typed
from nnspec.diagnostics import SpecError
from nnspec.extras import need
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.model import Model
from nnspec.opening import load_onnx
from nnspec.text import loads

if TYPE_CHECKING:
    from torch import nn

    from nnspec.huggingface.content import Config
    from nnspec.weights.arrays import Array


@typed
def from_torch(
    module: nn.Module,
    example_inputs: Any,
    *,
    dynamic: Mapping[str, str] | None = None,
    name: str | None = None,
    compare: bool = True,
) -> Model:
    """A module of PyTorch as a model: its `text` is a spec, and its weights have the names of the module's.

    >>> nnspec.from_torch(torch.nn.Linear(4, 3), torch.zeros(2, 4), dynamic={"input": "N 4"})
    <Model LinearModel: input_value [N, 4] -> result [N, 3], 15 parameters>

    The module is run once, by `torch.export`, in evaluation, and left as it was. The text is read again and compared
    with it: keys and shapes of the weights, and results for the example (not those of a module on the meta device).

    Args:
        module: what is imported.
        example_inputs: a tensor, several in order, or by the names of `forward`'s parameters.
        dynamic: sizes of inputs that may be any: `{"image": "N 3 H W"}`; those of the example where it is left out.
        name: what the model is called; its class if it is left out.
        compare: whether it is compared with the module, which takes a tenth of the time or two.

    Raises:
        SpecError: torch cannot export it, or it does what no spec can say; all such places are listed.
    """
    _check_name("from_torch", name)
    need("importing a module", "torch", "numpy")
    from nnspec.importing.answering import answering
    from nnspec.importing.from_torch.module import keeping, module_text, need_equal  # torch takes a second to import

    with keeping():
        made = module_text(module, example_inputs, dynamic or {}, name)
        with answering(made):
            model = loads(made.text, name="<import>")
            if compare:
                model.notes = need_equal(module, model.program, example_inputs)
            else:
                model.notes = ("it was not compared with the module that it was made from",)
    return model


@typed
def from_onnx(
    path: str | PathLike[str],
    *,
    dynamic: Mapping[str, str] | None = None,
    values: Mapping[str, float] | None = None,
    name: str | None = None,
    compare: bool = True,
    limits: Limits = DEFAULT_LIMITS,
) -> Model:
    """A file of ONNX as a model: its `text` is a spec, its `weights` are the file's arrays by the keys of the spec.

    The text is read again, exported, and run by onnxruntime beside the file, on random inputs: no element differs by
    more than 1e-4 of the largest magnitude of its output.

    Args:
        path: the file; arrays that it keeps in further files are read, too.
        dynamic: sizes of inputs: `{"image": "N 3 32*h 32*w"}`; those of the file where it is left out.
        values: numbers that inputs always are, such as a rate: they are no inputs of the model.
        name: what the model is called; its name in the file, or that of the file, if it is left out.
        compare: whether it is run beside the file.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: the file cannot be read, or does what no spec can say; all such nodes are listed.
    """
    _check_name("from_onnx", name)
    model, file = load_onnx(path, name, dynamic or {}, values, limits=limits)
    if compare:
        from nnspec.importing.from_onnx.compare import need_equal  # onnxruntime and the export take a second more

        arrays = cast("Mapping[str, Array]", model.weights)
        model.notes += need_equal(file, model.program, arrays, values or {})
    return model


@typed
def from_config(
    config: Config,
    *,
    name: str | None = None,
    head: str | None = None,
    ignore: Collection[str] = (),
    settings: Mapping[str, object] | None = None,
    inputs: Mapping[str, tuple[int, ...]] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Model:
    """The model of a configuration of Hugging Face: its `text` is a spec of blocks of the zoo, without weights.

    >>> nnspec.from_config({"model_type": "gpt2"}).name
    'GPT2LMHeadModel'

    Transformers need not be installed; where it is, types that the zoo does not have go through it and `from_torch`.

    Args:
        config: a `config.json`, the folder in which it lies, `hf://owner/name`, its content as a mapping, or a
            configuration of transformers.
        name: what the model is called; the class of transformers if it is left out.
        head: the task that it is for, such as "sequence-classification"; as the file says if it is left out.
        ignore: options that have no effect, though they are not known.
        settings: as for `load`.
        inputs: as for `load`.
        limits: bounds on what the spec may ask for.

    Raises:
        SpecError: it cannot be read, or is of a model that is not known; each option that is not is told.
    """
    _check_name("from_config", name)
    from nnspec.hub.fetching import SMALL, local  # here, as below: few models come from there
    from nnspec.huggingface.automodel import through_transformers
    from nnspec.huggingface.mistakes import UnknownConfiguration
    from nnspec.huggingface.write import described, installed

    if isinstance(config, str):
        config = local(config, SMALL)
    try:
        text, remarks = described(config, name, head, ignore)
    except SpecError as refused:
        unknown = next((each for each in refused.diagnostics if isinstance(each, UnknownConfiguration)), None)
        if unknown is None or unknown.model_type is None or not installed():
            raise
        made = through_transformers(config)
        if made is None:
            raise SpecError.of(unknown.replace(tried=True)) from None
        return from_torch(made.module, made.example, dynamic=made.dynamic, name=name)
    found = loads(text, name="<config>", settings=settings, inputs=inputs, limits=limits)
    found.notes = remarks
    return found


def _check_name(called: str, name: str | None) -> None:
    """Check that a model may be called so.

    Raises:
        SpecError: it is no name of a spec.
    """
    if name is not None and not (name.isidentifier() and name.isascii()):
        reason = f"{called}: name must be one that a spec may have, and is {name!r}"
        raise SpecError.of(WrongArgument(None, reason, "write letters, digits and _, a letter first"))
