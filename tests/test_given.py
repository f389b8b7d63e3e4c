"""Data that is given in Python: every kind trains to the same numbers, and what is none is refused in words."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, WeightedRandomSampler

import nnspec
from nnspec.callbacks.callback import Callback, Progress, Step
from nnspec.diagnostics import SpecError
from nnspec.train.data.table import read_iris

SPEC = """
model Flowers {
  input features: float[N, 4]
  hidden: Linear(8) -> act: Tanh
  output logits = head: Linear(3)
}
train {
  epochs = 1
  batch  = 24
}
"""
FIELDS = read_iris().fields
X, Y = FIELDS["features"], FIELDS["label"]


class Flowers(Dataset[Any]):
    """By index, as a mapping."""

    classes = ("setosa", "versicolor", "virginica")

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"features": X[index].numpy(), "label": int(Y[index])}


class Stream(IterableDataset[Any]):
    """One after the other, as pairs."""

    def __iter__(self) -> Iterator[Any]:
        yield from zip(X, Y, strict=True)


def train(folder: Path, data: Any, **recipe: Any) -> Any:
    return nnspec.loads(SPEC).train(data, runs=folder, quiet=True, **recipe)


def batches() -> Iterator[Any]:
    for start in range(0, len(X), 40):
        yield X[start : start + 40], Y[start : start + 40].int()


KINDS = {
    "a mapping of tensors": lambda: {"features": X, "label": Y},
    "a mapping of lists": lambda: {"features": X.tolist(), "label": Y.tolist()},
    "a tuple of arrays": lambda: (X.numpy(), Y.numpy()),
    "a TensorDataset": lambda: TensorDataset(X, Y),
    "a Dataset": Flowers,
    "a DataLoader": lambda: DataLoader(Flowers(), batch_size=24, shuffle=True),
    "a DataLoader of tensors": lambda: DataLoader(TensorDataset(X, Y), batch_size=24, shuffle=True),
    "rows of a TensorDataset": lambda: Subset(TensorDataset(X.flip(0), Y.flip(0)), range(149, -1, -1)),
    "an IterableDataset": Stream,
    "a list of batches": lambda: list(batches()),
    "a generator of batches": batches,
}


@pytest.fixture(scope="module")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return train(tmp_path_factory.mktemp("iris"), "iris").history[0]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_trains_to_the_same_numbers(kind: str, wanted: Any, tmp_path: Path) -> None:
    row = train(tmp_path, KINDS[kind]()).history[0]
    assert {name: row[name] for name in ("loss", "validation_loss", "accuracy")} == {
        name: wanted[name] for name in ("loss", "validation_loss", "accuracy")
    }


def test_a_data_set_of_hugging_face_is_taken_as_it_is_with_its_splits(wanted: Any, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_dict({"features": X.tolist(), "label": Y.tolist()})
    assert train(tmp_path, whole).history[0]["loss"] == wanted["loss"]
    parts = datasets.DatasetDict(train=whole, test=whole.select(range(50)))
    diary = train(tmp_path, parts).history[0]
    assert diary["steps"] == 7  # all 150 samples are trained on


@pytest.mark.parametrize("memory", ["1KB", "1GB"])
def test_many_batches_are_kept_in_files_to_the_same_numbers_and_are_gone_at_the_end(
    memory: str, wanted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnspec.train.data.spool.LARGE", 1000)
    assert train(tmp_path, batches(), memory=memory).history[0]["loss"] == wanted["loss"]
    gc.collect()
    assert not list((tmp_path / ".spooled").iterdir())
    mixed = [(X[:40], Y[:40]), (X[40:], Y[40:].float())]
    with pytest.raises(SpecError, match="batch 2 has features, target"):
        train(tmp_path, mixed)
    with pytest.raises(SpecError, match=r"label of sample 40 or one behind it is \[\] of int32, .* \[\] of int64"):
        train(tmp_path, [(X[:40], Y[:40]), (X[40:], Y[40:].int())])


@pytest.mark.parametrize("large", [1000, 1 << 26])
def test_streams_of_hugging_face_and_large_columns_give_the_same_numbers(
    large: int, wanted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnspec.train.data.spool.LARGE", large)
    whole = flowers(Flowers.classes).add_column("note", ["x"] * 150).add_column("odd", [[0.0] * (n % 3) for n in Y])
    for data in (whole.to_iterable_dataset(num_shards=3), whole):
        run = train(tmp_path, data, memory="1KB")
        assert run.history[0]["loss"] == wanted["loss"]
    gc.collect()
    assert not list((tmp_path / ".spooled").iterdir())


class Stops(Callback):
    """Ends the run within its second epoch."""

    def step(self, run: Progress, step: Step) -> None:
        if step.number == 7:
            run.stop("enough")


def test_a_stream_of_hugging_face_goes_on_within_an_epoch_to_the_same_bits(tmp_path: Path) -> None:
    def stream() -> Any:
        return flowers(Flowers.classes).to_iterable_dataset(num_shards=3)

    whole = train(tmp_path, stream(), epochs=2)
    stopped = train(tmp_path, stream(), epochs=2, callbacks=[Stops()])
    assert len(stopped.history) == 1
    again = nnspec.resume(stopped.folder, data=stream())
    one, other = load_file(whole.last_weights), load_file(again.last_weights)
    assert all(torch.equal(one[name], other[name]) for name in one)


def flowers(names: tuple[str, ...]) -> Any:
    """A data set of Hugging Face with its classes in this order; as numbers only without."""
    datasets = pytest.importorskip("datasets")
    labels = [names.index(Flowers.classes[label]) if names else label for label in Y.tolist()]
    kinds = {"features": datasets.List(datasets.Value("float32")),
             "label": datasets.ClassLabel(names=list(names)) if names else datasets.Value("int64")}  # fmt: skip
    return datasets.Dataset.from_dict({"features": X.tolist(), "label": labels}, features=datasets.Features(kinds))


def test_classes_of_hugging_face_are_numbered_by_their_names_in_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setosa, versicolor, virginica = Flowers.classes
    other = flowers((virginica, "rose", setosa, versicolor))
    other.save_to_disk(str(tmp_path / "other"))
    run = train(tmp_path, flowers(Flowers.classes), epochs=3)
    same = nnspec.evaluate(run.folder, data=flowers(Flowers.classes)).figures
    assert nnspec.evaluate(run.folder, data=f'hugging_face("{tmp_path / "other"}")').figures == same
    nameless = nnspec.evaluate(run.folder, data=flowers(()))
    assert nameless.figures == same and "no column has names of classes" in nameless.notes[0]
    assert (
        train(tmp_path, flowers(Flowers.classes), validation=other).history[0]["validation_loss"]
        == (train(tmp_path, (X, Y), validation=(X, Y)).history[0]["validation_loss"])
    )
    nnspec.loads(SPEC).train(flowers(Flowers.classes), validation=flowers(()), runs=tmp_path)
    assert "numbers are taken for those of the model, 0 setosa, 1 versicolor, 2 virginica" in capsys.readouterr().out
    whole = flowers(Flowers.classes)
    renamed = whole.cast_column("label", type(whole.features["label"])(names=[setosa, versicolor, "tulip"]))
    with pytest.raises(nnspec.SpecError, match="the model does not know tulip"):
        nnspec.evaluate(run.folder, data=renamed)
    turned = Flowers()
    turned.classes = (virginica, versicolor, setosa)
    with pytest.raises(nnspec.SpecError, match="its classes are virginica, versicolor, setosa, and those of the model"):
        nnspec.evaluate(run.folder, data=turned)


def test_a_loader_says_how_large_a_batch_is_and_one_that_weighs_samples_gives_its_own_batches(tmp_path: Path) -> None:
    assert train(tmp_path, DataLoader(Flowers(), batch_size=10)).history[0]["steps"] == 12
    assert train(tmp_path, DataLoader(Flowers(), batch_size=10), batch=60).history[0]["steps"] == 2
    drawn = DataLoader(Flowers(), batch_size=10, sampler=WeightedRandomSampler([1.0] * 150, 50))
    assert train(tmp_path, drawn).history[0]["steps"] == 4  # of the 50 that it draws


class Noisy(Flowers):
    """Samples that change from reading to reading, by a generator that nobody else sees; and all values that it gave."""

    def __init__(self, unlike: float = 1.0) -> None:
        self.draws = np.random.default_rng(0)
        self.unlike = unlike
        self.seen: dict[int, set[float]] = {}

    def __getitem__(self, index: int) -> dict[str, Any]:
        noise = self.draws.normal() if self.draws.random() < self.unlike else 0.0
        self.seen.setdefault(index, set()).add(noise)
        return {"features": X[index].numpy() + np.float32(noise), "label": int(Y[index])}


def test_samples_that_change_are_asked_for_in_each_epoch_as_by_a_loader_of_torch(tmp_path: Path) -> None:
    for given in (Noisy(), DataLoader(Noisy(), batch_size=24)):
        run = train(tmp_path, given, epochs=3, workers=0)
        seen = getattr(given, "dataset", given).seen
        assert len(run.history) == 3 and min(map(len, seen.values())) >= 3
    seldom = Noisy(0.05)  # two readings at the start are the same
    train(tmp_path, seldom, epochs=3, workers=0)
    assert sum(len(values) > 1 for values in seldom.seen.values()) > 10


def test_a_run_on_samples_that_change_at_random_goes_on_and_rows_of_tensors_are_told_apart(tmp_path: Path) -> None:
    class Flipped(Flowers):
        def __getitem__(self, index: int) -> dict[str, Any]:
            sign = 1 if torch.rand(()) < 0.9 else -1
            return {"features": sign * X[index].numpy(), "label": int(Y[index])}

    run = train(tmp_path, Flipped(), workers=2)
    assert len(nnspec.resume(run.folder, data=Flipped(), quiet=True, epochs=2).history) == 2
    run = train(tmp_path, Subset(TensorDataset(X, Y), range(100)))
    with pytest.raises(nnspec.SpecError, match="E0623"):
        nnspec.resume(run.folder, data=Subset(TensorDataset(X, Y), range(50, 150)), quiet=True, epochs=2)


def test_a_transform_of_a_data_set_of_hugging_face_is_asked_each_time(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    whole = datasets.Dataset.from_dict({"features": X.tolist(), "label": Y.tolist()})
    seen: list[int] = []

    def transform(rows: Any) -> Any:
        seen.append(len(rows["label"]))
        return {"features": [np.float32(row) * 2 for row in rows["features"]], "label": rows["label"]}

    doubled = train(tmp_path, whole.with_transform(transform), epochs=2, workers=0)
    assert sum(seen) >= 300
    assert doubled.history[0]["loss"] == train(tmp_path, (2 * X, Y)).history[0]["loss"]


def test_pictures_of_bytes_are_scaled_whatever_they_come_in(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (20, 8, 8, 3), dtype=np.uint8)
    labels = np.arange(20) % 2

    class Pictures(Dataset[Any]):
        def __len__(self) -> int:
            return 20

        def __getitem__(self, index: int) -> Any:
            return pictures[index], labels[index]

    text = (
        "model P {\n  input image: float[N, 3, 8, 8]\n  Flatten\n  output logits = Linear(2)\n}\ntrain { epochs = 1 }"
    )
    runs = [
        nnspec.loads(text).train(data, runs=tmp_path, quiet=True)
        for data in ((pictures, labels), Pictures(), {"image": pictures, "label": labels})
    ]
    assert runs[0].history[0]["loss"] == runs[2].history[0]["loss"] == pytest.approx(runs[1].history[0]["loss"])


def test_what_is_held_out_is_given_in_the_same_ways_or_as_a_share(tmp_path: Path) -> None:
    row = train(tmp_path, (X[:100], Y[:100]), validation=(X[100:], Y[100:])).history[0]
    assert row["steps"] == 5  # of 24 and 4 samples: all of the first 100
    run = train(tmp_path, Flowers(), validation=0.3, test={"features": X[:30], "label": Y[:30]})
    assert run.history[0]["steps"] == 5 and (run.folder / "test.json").exists()


def test_a_run_on_data_of_python_goes_on_with_the_same_data_only(tmp_path: Path) -> None:
    run = train(tmp_path, (X, Y))
    with pytest.raises(nnspec.SpecError, match=r"E0693.*its `data` was given in Python"):
        nnspec.resume(run.folder, quiet=True, epochs=2)
    assert len(nnspec.resume(run.folder, data=(X, Y), quiet=True, epochs=2).history) == 2
    with pytest.raises(nnspec.SpecError, match="E0623"):
        nnspec.resume(run.folder, data=(X + 1, Y), quiet=True, epochs=3)


REFUSED: dict[str, Any] = {
    "it is an int": 3,
    "label is texts": {"features": X, "label": ["a"] * 150},
    "used up": iter(()),
    "3 arrays without names": (X, Y, Y),
    "batch 2 has features, target": [(X[:50], Y[:50]), (X[50:], X[50:])],
    "of batch 2 is": [(X[:50], Y[:50]), (X[50:, :3], Y[50:])],
    r"features \[150, 4\], label \[100\]": (X, Y[:100]),
    "no finite numbers": (torch.full((150, 4), torch.nan), Y),
}


@pytest.mark.parametrize("told", REFUSED)
def test_what_is_no_data_set_is_refused_in_words(told: str, tmp_path: Path) -> None:
    value = REFUSED[told]
    with pytest.raises(nnspec.SpecError, match=told):
        train(tmp_path, value)


def test_check_knows_the_names_in_data_that_is_given() -> None:
    with pytest.raises(nnspec.SpecError, match="E0604"):
        nnspec.loads(SPEC).check(data={"features": X, "kind": Y})


def test_a_run_on_data_of_python_is_evaluated_on_data_of_python(tmp_path: Path) -> None:
    run = train(tmp_path, (X[:100], Y[:100]), validation=(X[100:], Y[100:]))
    with pytest.raises(nnspec.SpecError, match=r"E0693[\s\S]*nnspec.evaluate\("):
        nnspec.evaluate(run.folder)
    found = nnspec.evaluate(run.folder, data={"features": X[100:], "label": Y[100:]})
    assert found.samples == 50 and found.figures["accuracy"] == run.history[0]["accuracy"]


def test_what_the_code_of_a_data_set_raises_is_told_with_its_line(tmp_path: Path) -> None:
    class Broken(Flowers):
        def __getitem__(self, index: int) -> dict[str, Any]:
            if index == 7:
                raise KeyError("petal")
            return super().__getitem__(index)

    with pytest.raises(nnspec.SpecError, match=r"sample 7 cannot be read: KeyError: 'petal', in test_given.py, line"):
        train(tmp_path, Broken())


def test_training_starts_from_a_state_dict(tmp_path: Path) -> None:
    first = train(tmp_path, "iris", epochs=2)
    model = nnspec.loads(SPEC)
    state = model.to_torch(first.last_weights, normalize=False).state_dict()
    stored = model.train("iris", runs=tmp_path, quiet=True, weights=first.last_weights).history[0]
    held = model.train("iris", runs=tmp_path, quiet=True, weights=state)
    assert held.history[0]["loss"] == stored["loss"]
    with pytest.raises(nnspec.SpecError, match=r"head\.bias"):
        model.train("iris", runs=tmp_path, quiet=True, weights={**state, "head.bias": torch.zeros(4)})


def test_a_state_dict_is_judged_without_a_normalisation_that_it_says_nothing_of(tmp_path: Path) -> None:
    run = train(tmp_path, "iris", normalize=False)
    state = nnspec.loads(SPEC).to_torch(run.last_weights).state_dict()
    found = nnspec.loads(SPEC).evaluate(state, data="iris", part="all")
    assert found.figures == nnspec.evaluate(run.folder, weights=run.last_weights, part="all").figures


def test_data_sets_together_and_frames_are_refused_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(nnspec.SpecError, match=r"(?s)2 data sets in a list.*the others as validation = "):
        train(tmp_path, torch.utils.data.random_split(Flowers(), [100, 50]))
    frame = pytest.importorskip("pandas").DataFrame({"x": X[:, 0].numpy(), "label": Y.numpy()})
    with pytest.raises(nnspec.SpecError, match=r"(?s)it is a DataFrame.*to_numpy"):
        train(tmp_path, frame)
    with pytest.raises(nnspec.SpecError, match="features is a list, which becomes no array"):
        train(tmp_path, {"features": [[1, 2, 3, 4], [1, 2]], "label": [0, 1]})
