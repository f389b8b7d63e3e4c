"""Opening what texts are sampled from: a model with weights, the folder of a run, an ONNX file with caches."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from nnspec.decode.language import Decoder, decoder
from nnspec.decode.memory import MEMORY, encoder_path
from nnspec.diagnostics import Source, SpecError
from nnspec.extras import need
from nnspec.hub.folder import metadata_of_tokenizer
from nnspec.hub.tokenizer import given_tokenizer, other_forms
from nnspec.infer.language import language_of
from nnspec.infer.vocabulary import Vocabulary, read_vocabulary
from nnspec.ir import Program
from nnspec.limits import DEFAULT_LIMITS, Limits
from nnspec.sample.engine import Engine, layout_of
from nnspec.sample.mistakes import NoTextVocabulary
from nnspec.sample.text import TextSampler
from nnspec.weights.load import load_weights
from nnspec.weights.source import WeightSource, shown


def open_model(
    program: Program,
    weights: WeightSource,
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
    layout_of(made)  # what takes more than tokens is refused before its weights are looked at
    metadata = load_weights(made.program, weights).metadata
    return _sampler((_onnx if onnx else _torch)(made, weights, limits), metadata, shown(weights))


def open_onnx(path: str | Path, tokenizer: str | Path | None = None) -> TextSampler:
    """A language model in an ONNX file that was exported with its caches; its tokenizer, if it is not in the file.

    Raises:
        SpecError: the file is missing or damaged, has no caches, or holds no vocabulary.
    """
    need("running an ONNX file", "onnxruntime", "numpy")
    from nnspec.infer.session import Session  # here: PyTorch may be what is installed, and not onnxruntime
    from nnspec.sample.onnx_engine import OnnxEngine

    session, beside = Session(path), encoder_path(Path(path))
    takes_memory = any(port.name.startswith(MEMORY) for port in session.inputs)
    engine = OnnxEngine(session, Session(beside) if takes_memory or beside.is_file() else None)
    metadata = session.metadata
    if tokenizer is not None:
        metadata = {**metadata, **metadata_of_tokenizer(given_tokenizer(tokenizer), metadata)}
    return _sampler(engine, metadata, str(path))


def _sampler(engine: Engine, metadata: Mapping[str, str], path: str) -> TextSampler:
    """The sampler of an engine, with the vocabularies that are stored in a file."""
    source = engine.layout.source
    vocabulary = _vocabulary(engine.layout.tokens, metadata, path)
    read = _vocabulary(source.name, metadata, path) if source and source.text else None
    return TextSampler(engine, vocabulary, read, language_of(metadata))


def _vocabulary(tokens: str, metadata: Mapping[str, str], source: str) -> Vocabulary:
    vocabulary = read_vocabulary(tokens, metadata)
    if vocabulary is None:
        advice = other_forms(Path(source))
        raise SpecError.of(NoTextVocabulary(None, source, *([advice] if advice else ())))
    return vocabulary


def _torch(made: Decoder, weights: WeightSource, limits: Limits) -> Engine:
    need("sampling", "torch")
    from nnspec.sample.torch_engine import torch_engine  # here: onnxruntime may be what is installed, and not PyTorch

    return torch_engine(made, weights, limits)


def _onnx(made: Decoder, weights: WeightSource, limits: Limits) -> Engine:
    need("sampling with onnxruntime", "onnx", "onnxruntime")
    from nnspec.infer.session import Session  # here: PyTorch may be what is installed, and not onnxruntime
    from nnspec.sample.onnx_engine import OnnxEngine
    from nnspec.to_onnx.export import export_onnx

    with TemporaryDirectory(prefix="nnspec-") as folder:  # a large model is no message in memory
        file = Path(folder) / "model.onnx"
        export_onnx(made.program, file, weights, verify=False, limits=limits)
        if made.encoder is None:
            return OnnxEngine(Session(file))
        beside = encoder_path(file)
        export_onnx(made.encoder, beside, weights, verify=False, limits=limits)
        return OnnxEngine(Session(file), Session(beside))
