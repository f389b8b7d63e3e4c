"""A model, which does what the command line does: `nnspec.load("lenet5.nn").summary()`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from nnspec.arguments import WrongArgument, typed
from nnspec.deprecation import renamed
from nnspec.diagnostics import Sink, Source, SpecError
from nnspec.diagnostics.diagnostic import Found
from nnspec.elaborate.declarations import Declarations
from nnspec.extras import missing, need
from nnspec.ir import Program
from nnspec.ir.flatten import flattening
from nnspec.ir.reuse import reapplied
from nnspec.ir.state import totals
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.recipe.frozen import frozen_weights
from nnspec.summary import Summary, summarise
from nnspec.train.manner import TRAINING, Manner
from nnspec.weights.source import shown

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from onnx import ModelProto
    from torch import Tensor, nn

    from nnspec.bench.measure import Measured
    from nnspec.callbacks.callback import Callback
    from nnspec.decode.language import Decoder
    from nnspec.difference.difference import Difference
    from nnspec.evaluation.judge import Evaluation
    from nnspec.infer.predictions import Prediction
    from nnspec.infer.session import Session
    from nnspec.page.page import Page
    from nnspec.picture.picture import Picture
    from nnspec.recipe.arguments import DataSource, RecipeArguments
    from nnspec.run import Run
    from nnspec.sample.request import Text
    from nnspec.to_onnx.choices import Precision, Target
    from nnspec.to_onnx.export import Exported, Samples
    from nnspec.to_onnx.verify import Verified
    from nnspec.train.finder import Rates
    from nnspec.train.manner import Device, Part
    from nnspec.triton.repository import Served
    from nnspec.weights.compare import Comparison
    from nnspec.weights.source import WeightSource
    from nnspec.why import Why


@typed
class Model:
    """A checked model: its program, and where it came from. `nnspec.load` and its like make it.

    >>> model = nnspec.load("lenet5")
    >>> model
    <Model LeNet5: image [N, 1, 32, 32] -> logits [N, 10], 61,706 parameters>
    """

    constants: Mapping[str, Any] | None = None  # of a prepared one: what its numbers stand for
    notes: tuple[str, ...] = ()  # how its inputs are to be given; of an imported one, how it was read
    encoder: Model | None = None  # of a model in the form in which it is decoded: what is computed once, see `cached`
    decoder: Decoder | None = None  # of such a model: its program, and the names and sizes that decoding asks for
    # Its own, taken where none are given: those of a folder as the Hub has it, or arrays that came with an import.
    weights: WeightSource | None = None
    tolerance: float = 1e-4  # of the results of an ONNX file of it; more where it was imported from one that rounds

    def __init__(self, program: Program, declarations: Declarations | None = None, sink: Sink | None = None) -> None:
        self.program = program
        self.declarations = declarations
        self.found = sink.found if sink else []

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.program.main.name

    def __repr__(self) -> str:
        main, count = self.program.main, totals(self.program)[self.program.entry].parameters
        inputs, outputs = (
            ", ".join(f"{port.name} {type}" for port, type in zip(ports, types, strict=True))
            for ports, types in ((main.inputs, main.input_types), (main.outputs, main.output_types))
        )
        return f"<Model {self.name}: {inputs} -> {outputs}, {count:,} parameters>"

    def torch_source(self, weights: WeightSource | None = None, *, normalize: bool = True) -> str:
        """Readable, standalone PyTorch source of the model; needs no torch to write.

        Args:
            weights: those that it is for: the normalisation of training and the names of classes, words and columns
                that are stored with them are written into it.
            normalize: whether the normalisation is.

        Raises:
            SpecError: a layer cannot be written in PyTorch, or the weights are not the model's.
        """
        from nnspec.to_torch.emit import torch_source  # the rows of all layers: a summary does not need them

        model = self if weights is None else self.prepared(weights, normalize=normalize)
        return torch_source(model.program, model.constants).text

    def prepared(self, weights: WeightSource | None = None, *, normalize: bool = True) -> Model:
        """The model as these weights were trained: it takes inputs as the data has them, and knows its classes.

        Args:
            weights: a file of weights, with which training has stored that; tensors by key say nothing of it.
            normalize: whether the normalisation of training is part of the model.

        Raises:
            SpecError: the file cannot be read, or its weights are not the model's.
        """
        need("reading weights", "numpy")
        from nnspec.weights.load import load_weights  # here: numpy is no part of the core
        from nnspec.weights.preparation import meanings, preparation

        metadata = load_weights(self.program, self._needed(weights)).metadata
        given = preparation(self.program, metadata)
        made = Model(given.applied(self.program) if normalize else self.program, self.declarations)
        made.constants, made.notes = meanings(metadata), (*self.notes, *given.notes(normalize))
        return made

    def to_torch(
        self, weights: WeightSource | None = None, *, normalize: bool = True, limits: Limits = DEFAULT_LIMITS
    ) -> nn.Module:
        """The model as an `nn.Module`: the class of `torch_source`, compiled in memory.

        >>> nnspec.load("lenet5").to_torch()(torch.zeros(8, 1, 32, 32)).shape
        torch.Size([8, 10])

        Args:
            weights: a file of weights (safetensors, an index of several, or a PyTorch checkpoint), or a `state_dict`;
                new ones if it is left out.
            normalize: whether the normalisation of training that is stored with the weights is part of the module, so
                that it takes inputs as the data has them.
            limits: how many layers the module may hold.

        Raises:
            SpecError: torch is not installed, a layer cannot be written in PyTorch, there are more layers than the
                limit, or the weights are not the model's.
        """
        need("to_torch()", "torch")
        weights = self._own(weights)
        if weights is None:
            from nnspec.to_torch.module import build  # torch takes a second to import

            return build(self.program, limits)
        need("loading weights", "torch", "numpy")
        from nnspec.weights.module import trained_module

        return trained_module(self.program, weights, normalize, limits)

    def load_weights(self, module: nn.Module, weights: WeightSource) -> None:
        """Copy weights into a module of this model, strictly: every key, its shape, and no other.

        Keys that the spec's `rename` lines speak of are those that they say. What training did to the inputs is no
        weight, and is not loaded, which a Python warning says: `to_torch(weights)` makes a module that does it too.

        Args:
            module: one that `to_torch` or the `torch_source` of this model makes, wherever it is.
            weights: as for `to_torch`.

        Raises:
            SpecError: the file cannot be read, or its weights or the module are not the model's.
        """
        need("loading weights", "torch", "numpy")
        from nnspec.weights.module import fill  # torch takes a second to import

        for note in fill(module, self.program, self._needed(weights)):
            warnings.warn(f"{shown(weights)}: to_torch(weights) makes a module that {note}", stacklevel=3)

    def cached(self, *, limits: Limits = DEFAULT_LIMITS) -> Model:
        """The language model as it is decoded with: it takes the next tokens, and what it has kept of those before.

        Keys and values of attention and states of recurrent layers are further inputs, `past.PATH`, and further
        outputs, `present.PATH`, which are given back as the next past. Where the model takes more than the text, what
        it computes of that alone is the `encoder` of the result, a model of its own, whose outputs `memory.PATH` are
        inputs at every step. The weights of both are those of the whole.

        Args:
            limits: how many layers there may be.

        Raises:
            SpecError: it is no language model, a step of it needs the whole sequence at once, or there are more layers
                than the limit.
        """
        from nnspec.decode.language import decoder  # here: what a summary does not need

        made = decoder(self.program, self.sources, limits)
        model = Model(made.program, self.declarations)
        model.decoder, model.notes = made, made.notes
        model.encoder = None if made.encoder is None else Model(made.encoder, self.declarations)
        for part in filter(None, (model, model.encoder)):
            part.weights = self.weights
        return model

    def sample(
        self,
        weights: WeightSource | None = None,
        prompt: str | Sequence[str] = "",
        *,
        length: int | None = None,
        count: int = 1,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        seed: int = 0,
        source: str | Sequence[str] | NDArray[Any] = "",
        messages: Sequence[Mapping[str, Any]] = (),
        onnx: bool = False,
        limits: Limits = DEFAULT_LIMITS,
    ) -> list[Text]:
        """Texts from a language model: the prompt, and at most `length` tokens behind it; their numbers are `tokens`.

        Args:
            weights: a file of weights that `nnspec train` has written, with its vocabulary, or a folder as the Hub has
                it; the model's own if it was loaded from such a folder. `WeightChoice(..., tokenizer = ...)` adds one.
            prompt: what the texts begin with; of several, each has its own texts, which are what they are alone.
            length: how many tokens follow it; as many as the folder says, or 200, if it is left out.
            count: how many texts of each prompt.
            temperature: scores are divided by it; 0 takes the likeliest token. Without it and the next two, tokens are
                chosen as the folder says, which is the likeliest one unless it says otherwise; a model that nnspec has
                trained draws at temperature 1.
            top_k: only the so many likeliest tokens.
            top_p: only the likeliest tokens that together have this share of the probability.
            seed: the same one gives the same texts.
            source: what the encoder of the model reads first, such as a text to translate; one, or one a prompt. One
                that reads no text is given an array, [N, ...], such as the features of a sound.
            messages: a conversation, `[{"role": "user", "content": "..."}]`, in place of a prompt: it is written by the
                chat template that is stored with the model, and the texts are the answers.
            onnx: by onnxruntime instead of PyTorch.
            limits: how many layers there may be.

        Raises:
            SpecError: it is no language model, or cannot be decoded step by step; the weights are not the model's, or
                hold no vocabulary; a character of the prompt is not in it; or what runs the model is not installed.
        """
        if messages and prompt:
            reason = "Model.sample: prompt and messages are given, and a conversation takes the place of a prompt"
            raise SpecError.of(WrongArgument(None, reason, "leave one of them out"))
        need("sampling", "numpy", "safetensors")
        from nnspec.hub.template import rendered  # here, as below: only now is numpy known to be installed
        from nnspec.sample.arrays import given_features
        from nnspec.sample.opening import open_model
        from nnspec.sample.request import Request, choice_of

        weights = self._needed(weights)
        sampler = open_model(self.program, weights, self.sources, onnx=onnx, limits=limits)
        choice = choice_of(sampler.language, temperature, top_k, top_p)
        begun = prompt if isinstance(prompt, str) else tuple(prompt)
        if messages:
            begun = rendered(sampler.language, messages, shown(weights))
        arrays = None if isinstance(source, (str, Sequence)) else given_features(source, sampler.engine.layout.source)
        read = source if isinstance(source, str) else tuple(source) if isinstance(source, Sequence) else ""
        return sampler.texts(Request(begun, length, count, choice, seed, read, arrays, bool(messages)))

    def compare_weights(self, weights: WeightSource, *, limits: Limits = DEFAULT_LIMITS) -> Comparison:
        """Compare a file of weights with the model: keys that fit, are missing, unexpected, of another shape or NaN.

        Args:
            weights: as for `to_torch`.
            limits: how many layers there may be.

        Raises:
            SpecError: the file cannot be read, or the model has more layers than the limit.
        """
        need("reading weights", "numpy")
        from nnspec.weights.checkpoint import open_checkpoint  # here: numpy is no part of the core
        from nnspec.weights.compare import compare

        with flattening(self.program, limits):
            return compare(self.program, open_checkpoint(self._needed(weights)), thorough=True)

    @property
    def text(self) -> str:
        """The text of its file; nothing for a model that was read from JSON."""
        return self._declared.source.text

    @property
    def others(self) -> list[str]:
        """The further models of its file, but for those that wait for arguments."""
        return [
            each.name
            for each in (self.declarations.models if self.declarations else ())
            if each.name != self.name and all(given.default is not None for given in each.declaration.parameters)
        ]

    @property
    def _declared(self) -> Declarations:
        """The declarations of its file; none for a model that was read from JSON."""
        return self.declarations or Declarations(Source("<json>", ""))

    @property
    def sources(self) -> dict[str, Source]:
        """The texts that the places of the program refer to, by the names of their files."""
        return self.declarations.sources() if self.declarations else {}

    def why(self, path: str) -> Why:
        """The arithmetic behind the shape and the counts of a layer or block.

        >>> nnspec.load("lenet5").why("f6")
        f6 (zoo/lenet5.nn:9)
          f6: Linear(84)
          float[N, 120] -> float[N, 84]
          parameters: 10,164 = 84 · 120 + 84
          multiply-accumulates (N = 1): 10,080 = 84 · 120

        Args:
            path: of the layer, as in the `state_dict`: `layer1.0.conv1`.

        Raises:
            SpecError: there is no layer at the path.
        """
        from nnspec.why import explained  # few runs ask

        return explained(self.program, path, self.sources)

    def to_json(self) -> str:
        """The program as JSON; `nnspec.from_json` reads it back."""
        return self.program.to_json()

    def summary(self, *, depth: int | None = None, batch: int | None = None) -> Summary:
        """Its layers, shapes, parameters, multiply-accumulates and memory; `print` it, or read its attributes.

        >>> nnspec.load("resnet50").summary(batch=32).parameters
        25557032

        Args:
            depth: how many levels of the tree become rows; all of them if it is left out.
            batch: the number of samples for the activation memory; 1 if it is left out.

        Raises:
            SpecError: a batch is given, and no symbol is known to count samples; or a recipe that freezes parts of the
                model has mistakes.
        """
        return summarise(self.program, frozen_weights(self.program, self.declarations), depth=depth, batch=batch)

    def draw(
        self, path: str | PathLike[str] | None = None, *, depth: int | None = None, open: Sequence[str] = ()
    ) -> Picture:
        """Its picture: blocks as nested boxes, repeats as one, with shapes and parameters; a notebook shows it.

        Args:
            path: where to write it; the end of the name says in which form: .svg, .html, .png, .dot, .mmd.
            depth: how many levels are shown; if it is left out, one block of each kind is open, while there is room.
            open: the paths of blocks to open, with those around them.

        Raises:
            SpecError: there is no block at a path, there are too many boxes, or the file cannot be written.
        """
        from nnspec.picture.opening import view  # what a summary does not need
        from nnspec.picture.picture import Picture

        picture = Picture([view(self.program, depth, open)], self.sources)
        if path is not None:
            picture.save(path)
        return picture

    def _repr_html_(self) -> str:
        from nnspec.notebook.show import folded  # for notebooks only

        return folded(self.name, self.draw()._repr_html_()) + folded("Layers", self.summary()._repr_html_())

    def diff(self, after: Model, *, limits: Limits = DEFAULT_LIMITS) -> Difference:
        """The changes from this model to another one: blocks, shapes, parameters, multiply-accumulates and keys.

        `print` it, or `draw()` both models with the changes marked.

        Args:
            after: the other model.
            limits: `layers` bounds the layers whose keys are compared, in which repeats are written out.

        Raises:
            SpecError: a model has more layers than the limit.
        """
        from nnspec.difference.difference import difference  # what a summary does not need

        return difference(self.program, after.program, limits)

    def check(
        self,
        *,
        data: DataSource | None = None,
        limits: Limits = DEFAULT_LIMITS,
        **recipe: Unpack[RecipeArguments],
    ) -> list[Found]:
        """Check what may go wrong later: exports, and its `train` block as far as that goes without reading data.

        Args:
            data: as for `train`.
            limits: bounds on what the recipe may ask for.
            recipe: values of the `train` block, as for `train`.

        Returns:
            What is worth a warning, such as a layer that ONNX does not have, or a file that is not here.

        Raises:
            SpecError: the recipe has mistakes, or a module is applied again in a way that PyTorch has not.
        """
        if any(reapplied(self.program)):
            self.torch_source()  # PyTorch may not be able to
        from nnspec.to_onnx.unsupported import unsupported  # here, as below: a summary does not need it

        doubts = [Found(each) for each in unsupported(self.program, self.sources)]
        own = self._own(None)
        if isinstance(own, Path) and own.is_dir():
            self._check_folder(own)
        settings = settings_of(data, recipe)
        if not self._declared.trains and not settings:
            return doubts
        from nnspec.recipe.check import check_training
        from nnspec.recipe.outside import placed

        return doubts + check_training(self.program, self._declared, self.sources, placed(settings), limits)

    def _check_folder(self, folder: Path) -> None:
        """Check the files beside the configuration, and the keys of the weights where there are any.

        Raises:
            SpecError: a file cannot be read, or the weights are not the model's.
        """
        from nnspec.hub.folder import has_weights, metadata_of  # here, as below: few models are folders

        metadata_of(folder)
        if has_weights(folder) and not missing("numpy", "safetensors"):
            from nnspec.weights.load import load_weights

            load_weights(self.program, folder, thorough=False)

    def train(
        self,
        data: DataSource | None = None,
        *,
        runs: str | PathLike[str] = "runs",
        name: str | None = None,
        device: Device | None = None,
        strategy: str | None = None,
        quiet: bool = False,
        callbacks: Iterable[Callback | str] = (),
        memory: str | None = None,
        workers: int | None = None,
        fresh: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        **recipe: Unpack[RecipeArguments],
    ) -> Run:
        """Train it as its `train` block says; `epochs = 3` or `data = "folder"` take the place of what stands there.

        Args:
            data: what it is trained on: a mapping or tuple of arrays or tensors, a Dataset or DataLoader of torch, a
                data set of Hugging Face, an iterable of batches, a path, or what a spec would write; what the `train`
                block says if it is left out. Arrays in order are the inputs of the model, then `label` or `target`.
            runs: where the folder of the run is made.
            name: what it is called; the model's name and a number if it is left out. A run of this name goes on.
            device: "cpu", "cuda", ...; a GPU where there is one if it is left out.
            strategy: "ddp" or "fsdp" in processes that torchrun started.
            quiet: show nothing.
            callbacks: that see the run; a string is what `--callback` takes: "tensorboard", "mlflow", "wandb".
            memory: that data may take, "25%" of the machine's or "4GB"; what does not fit is read while training goes
                on. 1 GB, or an eighth of the machine's if that is less, where it is left out.
            workers: processes that read samples; one a core if it is left out. It changes no result.
            fresh: set a run of this name aside, under another name, and begin anew.
            limits: bounds on what the recipe may ask for.
            recipe: values of the `train` block; a string is read as an expression of the language.

        Raises:
            SpecError: the recipe, the data or the device are wrong, the loss is not finite, a file cannot be written,
                or PyTorch is not installed.
        """
        need("training", *TRAINING)
        from nnspec.callbacks.named import callbacks_of
        from nnspec.train.run import train_run  # here: PyTorch takes seconds to import

        manner = Manner(device, quiet, limits, strategy, callbacks_of(callbacks), memory, workers)
        settings = settings_of(data, recipe)
        own = self._own(None)
        if isinstance(own, Path):
            settings.setdefault("weights", str(own.absolute()))
        return train_run(self.program, self._declared, self.sources, settings, Path(runs), name, manner, fresh)

    def find_learning_rate(
        self,
        lowest: float = 1e-7,
        highest: float = 10.0,
        steps: int = 100,
        *,
        data: DataSource | None = None,
        device: Device | None = None,
        memory: str | None = None,
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
        **recipe: Unpack[RecipeArguments],
    ) -> Rates:
        """Let the learning rate rise from step to step, and look where the loss falls fastest.

        Args:
            lowest: where it begins.
            highest: where it ends, if the loss has not exploded before.
            steps: the number of batches.
            data: as for `train`.
            device: as for `train`.
            memory: as for `train`.
            workers: as for `train`.
            limits: as for `train`.
            recipe: as for `train`.

        Raises:
            SpecError: the recipe, the data or the device are wrong, or no rate lets the loss fall.
        """
        if lowest >= highest:
            reason = f"Model.find_learning_rate: lowest is {lowest:g}, which is not below highest, {highest:g}"
            raise SpecError.of(WrongArgument(None, reason, "give the lowest rate first"))
        need("training", *TRAINING)
        from nnspec.train.finder import find_rates  # here: PyTorch takes seconds to import
        from nnspec.train.run import new_job

        manner = Manner(device, True, limits, memory=memory, workers=workers)
        job = new_job(self.program, self._declared, self.sources, settings_of(data, recipe), manner)
        return find_rates(job, lowest, highest, steps)

    def to_onnx(
        self,
        weights: WeightSource | None = None,
        *,
        opset: int | None = None,
        precision: Precision = "float32",
        target: Target = "cpu",
        functions: bool = False,
        normalize: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> ModelProto:
        """The network for inference as an `onnx.ModelProto`.

        >>> nnspec.load("lenet5").to_onnx(opset=18).opset_import[0].version
        18

        Args:
            weights: a file of weights, or a `state_dict` of tensors or arrays; untrained ones if it is left out.
            opset: the version of ONNX's operators; one that onnxruntime runs if it is left out.
            precision: "float32", "float16", "bfloat16" or "int8"; inputs and outputs are float32 always.
            target: "cpu", "cuda" or "standard", which to_onnx/choices.py tells apart.
            functions: whether each block is an ONNX function, for viewers that show the hierarchy.
            normalize: whether the normalisation of training that is stored with the weights is part of the model, so
                that it takes inputs as the data has them.
            limits: `layers` bounds the layers of the graph, in which repeats are written out.

        Raises:
            SpecError: a layer cannot be written in ONNX, the weights are not the model's, or onnx is not installed.
        """
        need("the ONNX export", "onnx", "numpy", "ml_dtypes")
        from nnspec.to_onnx.choices import Choices
        from nnspec.to_onnx.export import export_model  # here: onnx takes longer to import than all of nnspec

        choices = Choices(opset, precision, target, functions, normalize)
        weights = self._own(weights)
        return export_model(self.program, weights, choices=choices, sources=self.sources, limits=limits)

    def export_onnx(
        self,
        path: str | PathLike[str],
        weights: WeightSource | None = None,
        *,
        opset: int | None = None,
        precision: Precision = "float32",
        target: Target = "cpu",
        functions: bool = False,
        normalize: bool = True,
        calibrate: str | PathLike[str] | Mapping[str, NDArray[Any]] | None = None,
        verify: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Exported:
        """Write the network for inference as an ONNX file, checked, and compared with PyTorch unless `verify` is off.

        Args:
            path: where it goes; weights over 1 GiB go to a second file, `path` + ".data".
            weights: as for `to_onnx`.
            opset: as for `to_onnx`.
            precision: as for `to_onnx`, or "int8-static".
            target: as for `to_onnx`.
            functions: as for `to_onnx`.
            normalize: as for `to_onnx`.
            calibrate: for "int8-static", inputs as the model takes them, [N, ...]: an .npz file, or arrays by name; the
                data of the `train` block if it is left out.
            verify: whether to compare it with PyTorch, and the speed of int8 with that of float32.
            limits: as for `to_onnx`.

        Raises:
            SpecError: as `to_onnx`; or the file cannot be written, or does not compute what PyTorch does.
        """
        need("the ONNX export", "onnx", "numpy", "ml_dtypes")
        from nnspec.to_onnx.choices import Choices
        from nnspec.to_onnx.export import export_onnx  # here: onnx takes longer to import than all of nnspec

        choices = Choices(opset, precision, target, functions, normalize)
        if calibrate is not None and precision != "int8-static":
            reason = f'Model.export_onnx: calibrate belongs to precision = "int8-static", which is {precision!r}'
            raise SpecError.of(WrongArgument(None, reason, "leave calibrate out, or give the precision"))
        samples = self._samples(calibrate, limits) if precision == "int8-static" else None
        program, sources = self.program, self.sources
        weights = self._own(weights)
        return export_onnx(
            program, path, weights, choices=choices, samples=samples, verify=verify, sources=sources, limits=limits
        )

    def _samples(
        self, calibrate: str | PathLike[str] | Mapping[str, NDArray[Any]] | None, limits: Limits
    ) -> Samples | None:
        """The samples by which static int8 is calibrated; None where there are none, and is no `train` block."""
        need("static int8", "onnxruntime")
        from nnspec.to_onnx.calibrate import checked_samples, read_samples  # here: onnxruntime takes time to import

        if isinstance(calibrate, Mapping):
            return lambda inputs, raw: checked_samples(calibrate, inputs, "`calibrate`")
        if calibrate is not None:
            return lambda inputs, raw: read_samples(Path(calibrate), inputs)
        if not self._declared.trains:
            return None
        need("static int8 from the data of the `train` block", *TRAINING)
        from nnspec.train.calibration import training_samples  # here: PyTorch takes seconds to import

        declarations = self._declared
        program, sources = self.program, self.sources
        return lambda inputs, raw: checked_samples(
            training_samples(program, declarations, sources, limits, raw=raw), inputs, "the `train` block's data"
        )

    def export_triton(
        self,
        repository: str | PathLike[str],
        weights: WeightSource | None = None,
        *,
        max_batch: int = 8,
        ensemble: bool = False,
        opset: int | None = None,
        precision: Precision = "float32",
        target: Target = "cpu",
        functions: bool = False,
        normalize: bool = True,
        calibrate: str | PathLike[str] | Mapping[str, NDArray[Any]] | None = None,
        verify: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Served:
        """Write the network into a model repository of Triton Inference Server: a new model, or a new version of it.

        Args:
            repository: the folder that Triton is started with; it is made if it is not there.
            weights: a file of weights; untrained ones if it is left out.
            max_batch: the largest batch that Triton forms of requests, where all inputs and outputs begin with the
                same symbol.
            ensemble: whether to add an ensemble that takes pictures as bytes, if the model takes pictures, and gives
                probabilities of classes, if it gives scores.
            opset: as for `to_onnx`.
            precision: as for `export_onnx`.
            target: as for `to_onnx`.
            functions: as for `to_onnx`.
            normalize: as for `to_onnx`.
            calibrate: as for `export_onnx`.
            verify: as for `export_onnx`.
            limits: as for `to_onnx`.

        Raises:
            SpecError: as `export_onnx`; nothing is written then.
        """
        need("the ONNX export", "onnx", "numpy")
        from nnspec.triton.repository import write_repository  # here: onnx takes longer to import than all of nnspec

        def export(path: Path) -> Exported:
            return self.export_onnx(
                path,
                weights,
                opset=opset,
                precision=precision,
                target=target,
                functions=functions,
                normalize=normalize,
                calibrate=calibrate,
                verify=verify,
                limits=limits,
            )

        return write_repository(Path(repository), self.name, export, max_batch, self.decoder, ensemble)

    def session(
        self, weights: WeightSource | None = None, *, provider: str = "cpu", limits: Limits = DEFAULT_LIMITS
    ) -> Session:
        """The model with its weights in onnxruntime, without a file.

        Args:
            weights: as for `to_torch`; the model's own if they are left out.
            provider: as for `nnspec.Session`.
            limits: how many layers there may be.

        Raises:
            SpecError: as `to_onnx`; or the provider cannot be used, or onnxruntime is not installed.
        """
        need("running a spec", "onnx", "onnxruntime", "numpy")
        from nnspec.infer.session import Session  # here: onnxruntime takes time to import

        return Session(self.to_onnx(self._needed(weights), limits=limits).SerializeToString(), provider)

    def predict(
        self,
        weights: WeightSource | None = None,
        inputs: str | PathLike[str] | Sequence[str | PathLike[str]] | Mapping[str, Any] | NDArray[Any] | Tensor = (),
        *,
        texts: Sequence[str] = (),
        top: int | None = None,
        batch: int | None = None,
        provider: str = "auto",
        limits: Limits = DEFAULT_LIMITS,
    ) -> list[Prediction]:
        """What the model says of each sample.

        Args:
            weights: as for `to_torch`; the model's own if they are left out.
            inputs: as for `nnspec.predict`, as are the others.
            texts: for a model that was trained on texts.
            top: how many classes are told of a sample; three if it is left out.
            batch: how many samples are computed at a time; all if it is left out.
            provider: "cpu", "cuda", "tensorrt", or "auto".
            limits: how many layers there may be.

        Raises:
            SpecError: as `nnspec.predict`.
        """
        session = self.session(weights, provider=provider, limits=limits)
        from nnspec.infer.predict import predictions_for  # here: only now is numpy known to be installed

        return predictions_for(session, inputs, texts, top, batch)

    def page(
        self,
        folder: str | PathLike[str],
        weights: WeightSource | None = None,
        *,
        run: str | PathLike[str] | None = None,
        samples: int = 12,
        onnxruntime_web: str | PathLike[str] | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Page:
        """Write a page on which the model is at work in a browser: `model.page("page", run=model.train())`.

        Args:
            folder: where to: a new or empty folder, or one with an earlier page.
            weights: a file of weights, or a `state_dict`; if it is left out the best of the run, or else the model's
                own.
            run: the run that trained it, or its folder, whose data gives the samples to begin with; none if it is left
                out.
            samples: how many pictures or texts of that data.
            onnxruntime_web: the package of npm that computes in the browser, as a folder or .tgz; if it is left out, it
                is looked for in node_modules, or npm brings it.
            limits: how many layers there may be.

        Raises:
            SpecError: the model takes what no person gives on a page, or cannot be written in ONNX; onnxruntime-web is
                not found; the folder cannot be written; or a package is not installed.
        """
        need("the page of a network", "numpy", "onnx", "onnxruntime")
        from nnspec.page.page import write_page  # here: onnx takes longer to import than all of nnspec
        from nnspec.train.settings import best_weights

        if weights is None and run is not None:
            weights = best_weights(Path(run))
        return write_page(
            self.program,
            self.sources,
            self._needed(weights),
            Path(folder),
            run=None if run is None else Path(run),
            runtime=None if onnxruntime_web is None else Path(onnxruntime_web),
            samples=samples,
            limits=limits,
        )

    def evaluate(
        self,
        weights: WeightSource | None = None,
        *,
        data: DataSource | None = None,
        part: Part | None = None,
        onnx: str | PathLike[str] | None = None,
        top: int = 5,
        worst: int = 16,
        device: Device | None = None,
        memory: str | None = None,
        workers: int | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Evaluation:
        """Judge it with these weights on data that was held out.

        Args:
            weights: as for `to_torch`; the model's own if they are left out.
            data: as for `nnspec.evaluate`, as are the others.
            part: "training", "validation", "test" or "all".
            onnx: a file that is run in the place of PyTorch.
            top: a class counts as found if it is one of so many of the likeliest.
            worst: how many samples with the greatest loss are kept.
            device: "cpu", "cuda", ...; a GPU where there is one if it is left out.
            memory: as for `train`.
            workers: as for `train`.
            limits: bounds on what the recipe may ask for.

        Raises:
            SpecError: as `nnspec.evaluate`.
        """
        need("evaluating", *TRAINING)
        from nnspec.evaluation.judge import judge  # here: PyTorch takes seconds to import
        from nnspec.evaluation.opening import Request, open_spec
        from nnspec.train.loader import own_loaders

        own = self._needed(weights)
        request = Request(data, part, own, onnx, device, memory, workers, limits)
        with own_loaders():
            return judge(open_spec(self.program, self._declared, self.sources, own, request), top, worst)

    def _needed(self, weights: WeightSource | None) -> WeightSource:
        """The weights that are given, or the model's own."""
        found = self._own(weights)
        if found is None:
            reason = f"{self.name} has no weights of its own, and none are given"
            raise SpecError.of(WrongArgument(None, reason, 'give them: weights = "runs/one/best.safetensors"'))
        return found

    def _own(self, weights: WeightSource | None) -> WeightSource | None:
        """The weights that are given, or the model's own, if it has some."""
        from nnspec.hub.fetching import at_hand  # what a summary does not need

        return at_hand(self.weights if weights is None else weights)

    def verify(
        self,
        path: str | PathLike[str],
        weights: WeightSource | None = None,
        *,
        trials: int = 8,
        tolerance: float | None = None,
        seed: int = 0,
        normalize: bool = True,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Verified:
        """Compare an ONNX file with the PyTorch module of this model in float64, on random inputs.

        Args:
            path: the file, by whomever it was made.
            weights: those that the file was made of; untrained ones, as `export_onnx` takes, if it is left out.
            trials: how many inputs, over the sizes that the symbols may have.
            tolerance: the largest difference of an element, relative to the largest magnitude of its output; 1e-4 if
                it is left out, or what an imported file that rounds is granted; what
                PyTorch itself is away in float32 is granted besides.
            seed: of the inputs and sizes.
            normalize: whether the file has the normalisation of training in it; those of nnspec say so themselves.
            limits: `layers` bounds the layers of the module, in which repeats are written out.

        Raises:
            SpecError: the file differs (the mistake names the first layer that does), cannot be run, or has other
                inputs or outputs; the weights are not the model's; or a package is not installed.
        """
        tolerance = self.tolerance if tolerance is None else tolerance
        need("comparing with PyTorch", "torch", "onnx", "onnxruntime", "numpy")
        from nnspec.to_onnx.verify import verify_file  # here: torch and onnxruntime take seconds to import

        return verify_file(
            self.program,
            Path(path),
            self._own(weights),
            trials=trials,
            tolerance=tolerance,
            seed=seed,
            normalize=normalize,
            limits=limits,
        )

    verify_onnx = renamed("verify_onnx", verify)

    def benchmark(
        self,
        weights: WeightSource | None = None,
        *,
        batches: Sequence[int] = (),
        sizes: Mapping[str, int] | None = None,
        provider: str = "cpu",
        threads: int | None = None,
        seconds: float = 3.0,
        compiled: bool = True,
        onnx: str | Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> list[Measured]:
        """Measure it as ONNX in onnxruntime, as PyTorch and as compiled PyTorch, side by side on random inputs.

        Each runs in a process of its own; they take turns.

        Args:
            weights: a file of weights; untrained ones if it is left out.
            batches: sizes of the batch, the first dimension; 1 if it is left out.
            sizes: those of the other symbols, by name.
            provider: "cpu", "cuda" or "tensorrt"; PyTorch runs on the same device.
            threads: of the processor; each runtime's choice if it is left out.
            seconds: how long each is run on each batch.
            compiled: whether to compile it with PyTorch, which may take a minute for each batch.
            onnx: a file that onnxruntime runs in the place of what the model is exported as.
            limits: `layers` bounds the layers of the graph, in which repeats are written out.

        Returns:
            One for each batch and runtime; `failed` says why where one cannot be measured.

        Raises:
            SpecError: a symbol has no size, the model has no batch to set, the provider cannot be used, the model
                cannot be exported, or onnxruntime is not installed.
        """
        need("measuring a model", "onnx", "onnxruntime", "numpy")
        from nnspec.bench.bench import Measurement, bench  # here: onnxruntime takes long to import

        manner = Measurement(provider, threads, seconds, compiled, limits, Path(onnx) if onnx is not None else None)
        return bench(self.program, self._own(weights), batches, sizes or {}, manner)


def settings_of(data: DataSource | None, recipe: RecipeArguments) -> dict[str, Any]:
    """The values of a recipe by name, with its data."""
    from nnspec.hub.fetching import at_hand  # what a summary does not need

    found = {**recipe, **({} if data is None else {"data": data})}
    return {**found, "weights": at_hand(recipe["weights"])} if recipe.get("weights") is not None else found
