"""A model repository of Triton Inference Server: `NAME/config.pbtxt`, `NAME/1/model.onnx`, and a new version each time.

Everything is written under another name first. A new model appears whole; a new version of a model appears before its
configuration is replaced. Source: the section "Repository Layout" of Triton's user guide.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from nnspec.decode.language import Decoder
from nnspec.infer.metadata import class_names
from nnspec.ir.batch import BATCH
from nnspec.output import cannot_write, replacing
from nnspec.record import Record
from nnspec.to_onnx.export import Exported
from nnspec.triton.config import LABELS, config_text, ensemble_text
from nnspec.triton.ensemble import ENSEMBLE, Ensemble, ensemble_of
from nnspec.triton.sequence import Sequences, serve_sequences, unserved

MODEL, CONFIG = "model.onnx", "config.pbtxt"
MAX_BATCH = 8


class Served(Record):
    """The written repository: the folder of the model, the number of the version, and the export."""

    folder: str
    version: int
    exported: Exported
    notes: tuple[str, ...] = ()  # of a sequence or an ensemble: how it is served

    def __repr__(self) -> str:
        return f"<Served {self.folder}, version {self.version}: {self.exported!r}>"


def write_repository(
    repository: Path,
    name: str,
    export: Callable[[Path], Exported],
    max_batch: int = MAX_BATCH,
    decoder: Decoder | None = None,
    ensemble: bool = False,
) -> Served:
    """Add a model, or a version of it, to a repository, which is made if it is not there.

    Args:
        repository: the folder that Triton is started with.
        name: what the model is called.
        export: writes the ONNX file to a path.
        max_batch: the largest batch that Triton forms of requests, where the model's samples are known to be apart.
        decoder: the model as one for decoding, if it is one; what it keeps stays in the server then, if it can.
        ensemble: whether to add the steps before and behind it, and an ensemble of all, last.

    Raises:
        SpecError: the model cannot be exported, there is nothing for an ensemble, or a file cannot be written; nothing
            is left of it then.
    """
    notes: list[str] = []
    with _writing(repository) as draft:
        (draft / "version").mkdir()
        model = draft / "version" / MODEL
        exported = export(model)
        sequences = None
        if decoder is not None:
            reason = unserved(decoder)
            sequences = None if reason else serve_sequences(model, decoder)
            notes.append(_kept(sequences, reason))
        proto = onnx.load(str(model), load_external_data=False)
        parts = ensemble_of(name, proto) if ensemble else None
        files = _describe(proto, name, max_batch, sequences)
        _gather(draft / "version")
        version = _place(repository / name, draft, files)
    if parts is not None:
        for part, step in parts.models.items():
            with _writing(repository) as draft:
                (draft / "version").mkdir()
                onnx.save(step, str(draft / "version" / MODEL))
                _place(repository / part, draft, _describe(step, part, max_batch))
        notes.append(_add_ensemble(repository, name, parts, max_batch, _labels(proto)))
    place = str(repository / name / str(version) / MODEL)
    return Served(str(repository / name), version, exported.replace(path=place), tuple(notes))


def _add_ensemble(repository: Path, name: str, parts: Ensemble, max_batch: int, classes: list[str]) -> str:
    """Write the ensemble of models that are there; what to say of it."""
    whole = f"{name}{ENSEMBLE}"
    text = ensemble_text(whole, parts, max_batch, len(classes))
    with _writing(repository) as draft:
        (draft / "version").mkdir()  # an ensemble has no file, but its version has a folder
        _place(repository / whole, draft, {CONFIG: text, **_label_file(classes)})
    taken, given = (", ".join(each.name for each in ports) for ports in (parts.inputs, parts.outputs))
    return f"{repository / whole} runs {', '.join(step.model for step in parts.steps)}: {taken} -> {given}"


def _kept(sequences: Sequences | None, reason: str) -> str:
    if sequences is None:
        return f"a client gives back what the model keeps: {reason}"
    return f"Triton keeps {len(sequences.states)} tensors of each sequence; a client sends the next tokens, and an id"


def _describe(model: onnx.ModelProto, name: str, max_batch: int, sequences: Sequences | None = None) -> dict[str, str]:
    """The texts that belong to a model: its configuration, and the names of its classes if it has some."""
    classes = _labels(model)
    batched = sequences is None and any(each.key == BATCH for each in model.metadata_props)
    text = config_text(name, model.graph, max_batch if batched else 0, len(classes), sequences)
    return {CONFIG: text, **_label_file(classes)}


def _labels(model: onnx.ModelProto) -> list[str]:
    return class_names({each.key: each.value for each in model.metadata_props})


def _label_file(classes: list[str]) -> dict[str, str]:
    return {LABELS: "".join(f"{' '.join(each.split())}\n" for each in classes)} if classes else {}


def _gather(version: Path) -> None:
    """A model of several files is a folder called as the model's file is."""
    files = list(version.iterdir())
    if len(files) > 1:
        inner = version / "files"
        inner.mkdir()
        for file in files:
            file.rename(inner / file.name)
        inner.rename(version / MODEL)


def _place(target: Path, draft: Path, files: dict[str, str]) -> int:
    """Put a version in its place, with the texts beside it; its number."""
    if not target.exists():
        model = draft / "model"
        model.mkdir()
        (draft / "version").rename(model / "1")
        for name, text in files.items():
            (model / name).write_text(text, encoding="utf-8")
        model.rename(target)
        return 1
    number = 1 + max((int(each.name) for each in target.iterdir() if each.name.isdecimal()), default=0)
    (draft / "version").rename(target / str(number))
    for name, text in files.items():
        with replacing(target / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return number


@contextmanager
def _writing(repository: Path) -> Iterator[Path]:
    """A folder in the repository for what is not ready; it is gone afterwards."""
    try:
        repository.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=".nnspec-", dir=repository))
        draft.chmod(0o755)  # mkdtemp makes folders that nobody else may read
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    except OSError as error:
        raise cannot_write(repository, error) from None
