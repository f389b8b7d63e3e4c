"""Opening what texts are sampled from: a model with weights, the folder of a run, an ONNX file with caches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nnspec.decode.continuation import PAST
from nnspec.decode.language import Decoder, decoder
from nnspec.diagnostics import Source, SpecError
from nnspec.extras import need
from nnspec.infer.vocabulary import Vocabulary, read_vocabulary
from nnspec.ir import Program
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.sample.engine import Engine, Layout
from nnspec.sample.mistakes import FurtherInputs, NoTextVocabulary, NoWeightsYet
from nnspec.sample.text import TextSampler
from nnspec.weights.load import load_weights

WEIGHTS = ("best.safetensors", "last.safetensors")  # in the folder of a run


def open_model(
    program: Program,
    weights: str | Path,
    sources: Mapping[str, Source] | None = None,
    *,
    onnx: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> TextSampler:
    """A language model with the weights in a file, run by PyTorch or, as `onnx`, by onnxruntime.

    Raises:
        SpecError: it is no language model, or cannot be decoded step by step; the weights are not the model's, or hold
            no vocabulary; or what runs it is not installed.
    """
    made = decoder(program, sources, limits)
    layout = _layout(made)
    vocabulary = _vocabulary(layout.tokens, load_weights(made.program, weights).metadata, str(weights))
    return TextSampler((_onnx if onnx else _torch)(made, layout, weights, sources, limits), vocabulary)


def open_onnx(path: str | Path) -> TextSampler:
    """A language model in an ONNX file that was exported with its caches.

    Raises:
        SpecError: the file is missing or damaged, has no caches, or holds no vocabulary.
    """
    need("running an ONNX file", "onnxruntime", "numpy")
    from nnspec.infer.session import Session  # here: PyTorch may be what is installed, and not onnxruntime
    from nnspec.sample.onnx_engine import OnnxEngine

    session = Session(path)
    engine = OnnxEngine(session)
    return TextSampler(engine, _vocabulary(engine.layout.tokens, session.metadata, str(path)))


def best_weights(folder: Path) -> Path:
    """The best weights in the folder of a run, or else the last ones.

    Raises:
        SpecError: there are none yet.
    """
    found = next((path for name in WEIGHTS if (path := folder / name).is_file()), None)
    if found is None:
        raise SpecError.of(NoWeightsYet(None, str(folder)))
    return found


def _layout(made: Decoder) -> Layout:
    """The layout of a decoder.

    Raises:
        SpecError: it takes more than tokens.
    """
    main = made.program.main
    shapes = {port.name: main.values[port.value].shape for port in (*main.inputs, *main.outputs)}
    further = [port.name for port in main.inputs if port.name != made.tokens and not port.name.startswith(PAST)]
    if further:
        raise SpecError.of(FurtherInputs(None, tuple(further)))
    vocabulary = shapes[made.scores][-1]
    assert isinstance(vocabulary, int), "scores of a decoder are as many as its tokens"
    kept = {name: given.shape for name, given in made.kept.items()}
    return Layout(made.tokens, made.scores, shapes[made.tokens], made.axis, vocabulary, made.context, kept)


def _vocabulary(tokens: str, metadata: Mapping[str, str], source: str) -> Vocabulary:
    vocabulary = read_vocabulary(tokens, metadata)
    if vocabulary is None:
        raise SpecError.of(NoTextVocabulary(None, source))
    return vocabulary


def _torch(
    made: Decoder, layout: Layout, weights: str | Path, sources: Mapping[str, Source] | None, limits: Limits
) -> Engine:
    need("sampling", "torch")
    import torch  # here: onnxruntime may be what is installed, and not PyTorch

    from nnspec.sample.torch_engine import TorchEngine
    from nnspec.to_torch.module import build
    from nnspec.weights.module import fill

    module = build(made.program, limits)
    fill(module, made.program, weights)
    return TorchEngine(made, layout, module.to("cuda" if torch.cuda.is_available() else "cpu"))


def _onnx(
    made: Decoder, layout: Layout, weights: str | Path, sources: Mapping[str, Source] | None, limits: Limits
) -> Engine:
    need("sampling with onnxruntime", "onnx", "onnxruntime")
    from nnspec.infer.session import Session  # here: PyTorch may be what is installed, and not onnxruntime
    from nnspec.sample.onnx_engine import OnnxEngine
    from nnspec.to_onnx.export import export_model

    model = export_model(made.program, weights, sources=sources, limits=limits)
    return OnnxEngine(Session(model.SerializeToString()))
