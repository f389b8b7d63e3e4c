"""Data that does not fit into memory: read by worker processes, in the same order and to the same bits as from memory."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch.utils.data import Dataset

import nnspec
from nnspec.diagnostics import SpecError
from nnspec.reading.folders import files_in
from nnspec.run import Run
from nnspec.train.data.dataset import Frame
from nnspec.train.data.names import Names
from nnspec.train.data.pictures import PictureFiles, read_pictures
from nnspec.train.data.samples import Held
from nnspec.train.keeping import Divided
from nnspec.train.loader import Loader
from nnspec.train.order import InShards, shuffled
from nnspec.train.split import statistics
from nnspec.train.supply import Supply, bytes_of
from nnspec.train.view import View
from tests.test_train_data import read_text

SPEC = """
model Small {
  input image: float[N, 3, 8, 8]
  Conv2d(4, 3, padding = 1) -> ReLU -> Flatten -> Dropout(0.1)
  output logits = Linear(2)
}
train {
  data      = images("pictures")
  augment   = [random_flip, random_shift(1)]
  loss      = cross_entropy(logits, label)
  metrics   = [accuracy(logits, label)]
  optimizer = SGD(lr = 0.1, momentum = 0.9)
  batch     = 8
  epochs    = 2
}
"""


def write_pictures(folder: Path, count: int) -> None:
    draws = np.random.default_rng(0)
    for number in range(count):
        place = folder / "pictures" / "ab"[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = draws.integers(0, 128 + 127 * (number % 2), (10, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path, 60)
    (tmp_path / "small.nn").write_text(SPEC)
    return tmp_path


def train(folder: Path, **given: object) -> Run:
    return nnspec.load(folder / "small.nn").train(runs=folder / "runs", quiet=True, device="cpu", **given)


def assert_same(left: Run, right: Run) -> None:
    one, other = load_file(left.last_weights), load_file(right.last_weights)
    assert all(torch.equal(one[name], other[name]) for name in one)
    times = {"seconds", "samples_per_second"}
    for row, same in zip(left.history, right.history, strict=True):
        assert {key: row[key] for key in row.keys() - times} == {key: same[key] for key in same.keys() - times}


@pytest.mark.skipif(sys.platform != "linux", reason="worker processes are forked on Linux alone")
def test_workers_put_samples_where_they_are_used_and_leave_alone_what_is_kept(folder: Path) -> None:
    samples = read_pictures(folder / "pictures", Frame(3, 8, 8), None).samples
    loader = Loader(samples, [np.arange(60)], Supply(workers=2), None, set(), batch=4)
    wanted = [
        np.arange(start, start + count) % 60 for start, count in zip(range(0, 90, 3), [4, 1, 5] * 10, strict=True)
    ]
    for _ in range(2):  # by the same workers
        passed = loader.rows((0, each) for each in wanted)
        kept = [next(passed) for _ in range(12)]  # more than there are places, then fewer
        few = [next(passed) for _ in range(12)][-2:]
        for places, rows in zip([*wanted[:12], *wanted[22:24]], [*kept, *few], strict=True):
            assert all(torch.equal(rows[name], own) for name, own in samples.rows(places).items())
    room = loader.requests.room
    assert room is not None and any(held is not None for held in room.lent)
    loader.close()


@pytest.mark.parametrize("workers", [0, 2])
def test_metrics_of_the_training_part_are_watched_and_change_nothing(workers: int, folder: Path) -> None:
    plain = train(folder, memory="0", workers=workers)
    watched = train(folder, memory="0", workers=workers, watch=["training_metrics"])
    assert all(
        torch.equal(one, load_file(watched.last_weights)[name]) for name, one in load_file(plain.last_weights).items()
    )
    found = nnspec.evaluate(watched, weights=watched.last_weights, part="training", workers=workers)
    assert watched.history[-1]["training_accuracy"] == found.figures["accuracy"]
    assert "training_accuracy" in (watched.folder / "metrics.csv").read_text().splitlines()[0]


def test_samples_with_other_fields_than_the_first_are_refused(folder: Path) -> None:
    class Mixed(Dataset[tuple[torch.Tensor, float]]):
        def __len__(self) -> int:
            return 16

        def __getitem__(self, index: int) -> tuple[torch.Tensor, float]:
            return torch.zeros(3, 8, 8), index % 2 if index < 10 else 0.5

    with pytest.raises(
        SpecError, match=r"sample \d+ or one behind it are image, target, and of the first image, label"
    ):
        train(folder, data=Mixed())


@pytest.mark.parametrize("count", [1, 2, 3, 10, 97, 1000])
def test_an_order_is_a_bijection_that_is_known_at_any_place(count: int) -> None:
    whole = shuffled(np.arange(count), count, 7)
    assert sorted(whole) == list(range(count))
    assert np.array_equal(shuffled(np.arange(count // 2, count), count, 7), whole[count // 2 :])
    assert count < 10 or not np.array_equal(whole, shuffled(np.arange(count), count, 8))


@pytest.mark.parametrize("workers", [0, 2])
def test_what_is_read_while_training_goes_on_gives_the_same_bits_as_what_is_kept(workers: int, folder: Path) -> None:
    kept = train(folder)
    stored, read = train(folder, memory="16KB"), train(folder, memory="0", workers=workers)
    assert_same(kept, stored)
    assert_same(kept, read)


def test_a_user_is_told_by_how_many_samples_of_many_an_input_is_normalised(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    model, told = nnspec.load(folder / "small.nn"), "image is normalised by the mean and the deviation of"
    model.train(runs=folder / "runs", device="cpu", epochs=1)
    assert told not in capsys.readouterr().out
    monkeypatch.setattr("nnspec.train.keeping.DECODED", 7)
    model.train(runs=folder / "runs", device="cpu", epochs=1)
    assert f"{told} 7 of the 48 samples" in capsys.readouterr().out


def test_the_statistics_of_portions_are_those_of_all_pictures(folder: Path) -> None:
    data = read_text('images("pictures")', folder)
    divided = Divided(data, Supply(memory=0), torch.device("cpu"), None)
    found = statistics(divided, View("image", data.samples.forms["image"]), table=False)
    pixels = data.fields["image"].transpose(0, 1).flatten(1).double()
    torch.testing.assert_close(torch.tensor(found.mean), pixels.mean(1).float())
    torch.testing.assert_close(torch.tensor(found.std), pixels.std(1, correction=0).float())


def test_a_damaged_picture_is_named_or_skipped_and_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "pictures" / "a" / "4.png").write_bytes(b"no picture")
    for memory, code in (("1GB", "E0611"), ("0", "E0651")):
        with pytest.raises(nnspec.SpecError) as caught:
            train(folder, memory=memory, workers=2)
        assert caught.value.diagnostics[0].code == code
        assert "a/4.png" in str(caught.value)
    read = train(folder, memory="0", workers=2, damaged='"skip"')
    assert_same(read, train(folder, damaged='"skip"'))
    nnspec.load(folder / "small.nn").train(runs=folder / "runs", device="cpu", memory="0", workers=0, damaged='"skip"')
    said = capsys.readouterr().out
    assert "skipped, being damaged: a/4.png: it is no picture" in said
    assert "1 sample was skipped, being damaged: skipped.txt names them" in said
    assert (read.folder / "skipped.txt").read_text() == "a/4.png\n"
    told = "samples that are skipped, being damaged, for others of their part: a/4.png (1)"
    assert nnspec.evaluate(read, device="cpu").notes == (told,)


def test_a_hundred_damaged_pictures_in_a_row_stop_a_run_that_skips(folder: Path) -> None:
    for path in (folder / "pictures").rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(nnspec.SpecError) as caught:
        train(folder, memory="0", workers=1, damaged='"skip"', normalize=False)
    assert caught.value.diagnostics[0].code == "E0652"


@pytest.mark.parametrize(("text", "amount"), [("512MB", 1 << 29), ("1.5 GiB", 3 << 29), ("1024", 1024), ("2k", 2048)])
def test_an_amount_of_memory_is_bytes(text: str, amount: int) -> None:
    assert bytes_of(text) == amount and bytes_of(text, 2) == amount // 2
    assert 0 < bytes_of("1%") < bytes_of("50%")


@pytest.mark.parametrize("text", ["much", "120%", "-1", "1QB", ""])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(nnspec.SpecError) as caught:
        bytes_of(text)
    assert caught.value.diagnostics[0].code == "E0650"


LANGUAGE = """
model Next {
  input tokens: int[N, T]
  output logits = Embedding(40, 8) -> Linear(40) -> Transpose(1, 2)
}
train {
  data      = text("book.txt", length = 8)
  loss      = cross_entropy(logits, next)
  optimizer = SGD(lr = 0.1)
  epochs    = 1
}
"""


def test_a_large_text_becomes_a_file_of_tokens_once_and_gives_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "".join(f"line {number} of the böok\n" for number in range(300))
    (tmp_path / "book.txt").write_text(text, encoding="utf-8", newline="\r\n")
    (tmp_path / "small.nn").write_text(LANGUAGE)
    kept = train(tmp_path)
    monkeypatch.setattr("nnspec.train.data.text.LARGE", 0)
    monkeypatch.setattr("nnspec.train.data.tokens.PIECE", 100)
    assert_same(kept, train(tmp_path))
    assert_same(kept, train(tmp_path, memory="0"))
    files = {path.suffix: path for path in (tmp_path / "runs" / ".tokens").iterdir()}
    assert files.keys() == {".bin", ".json"} and files[".bin"].stat().st_size == len(text)
    nnspec.load(tmp_path / "small.nn").train(runs=tmp_path / "runs", device="cpu")
    assert "becomes tokens" not in capsys.readouterr().out


PAIRS = """
model Small {
  input image: float[N, 1, 8, 8]
  output logits = Conv2d(2, 3, padding = 1)
}
train {
  data    = pairs("pairs", labels = ["mask"])
  augment = [random_flip]
  loss    = cross_entropy(logits, mask)
  batch   = 5
  epochs  = 1
}
"""
ARRAYS = """
model Small {
  input image: float[N, 1, 6, 6]
  Flatten
  output logits = Linear(3)
}
train {
  data      = arrays("data")
  loss      = cross_entropy(logits, label)
  optimizer = SGD(lr = 0.1)
  epochs    = 1
  batch     = 16
}
"""


def test_large_arrays_are_mapped_and_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draws = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "image.npy", draws.integers(0, 255, (100, 6, 6), dtype=np.uint8))
    np.save(tmp_path / "data" / "label.npy", draws.integers(0, 3, 100))
    (tmp_path / "small.nn").write_text(ARRAYS)
    kept = train(tmp_path)
    monkeypatch.setattr("nnspec.reading.arrays.MAPPED", 0)
    assert_same(kept, train(tmp_path))
    assert_same(kept, train(tmp_path, memory="0"))


@pytest.mark.parametrize("memory", ["0", "1GB"])
def test_values_of_mapped_arrays_that_are_no_finite_numbers_are_named(
    memory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = np.random.default_rng(0).random((100, 1, 6, 6))
    values[70, 0, 3, 3] = 1e300  # infinite in 32 bits
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "image.npy", values)
    np.save(tmp_path / "data" / "label.npy", np.arange(100) % 3)
    (tmp_path / "small.nn").write_text(ARRAYS.replace("epochs    = 1", "normalize = false"))
    monkeypatch.setattr("nnspec.reading.arrays.MAPPED", 0)
    with pytest.raises(SpecError, match="image has values that are no finite numbers, the first in sample 70"):
        train(tmp_path, memory=memory)


@pytest.mark.parametrize("given", [{"memory": "0", "workers": 2}, {}])
def test_a_class_beyond_those_of_the_model_is_named_when_it_is_read(
    given: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nnspec.train.keeping.DECODED", 4)
    for number in range(40):
        for field in ("image", "mask"):
            (tmp_path / "pairs" / field).mkdir(parents=True, exist_ok=True)
            pixels = np.full((8, 8), 200 if field == "image" else 7 if number == 21 else number % 2, np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pairs" / field / f"{number:02}.png")
    (tmp_path / "small.nn").write_text(PAIRS)
    with pytest.raises(SpecError, match=r"mask/21.png: its mask has the class 7, and the model tells 2 classes apart"):
        train(tmp_path, **given)


def write_shards(folder: Path, sizes: list[int]) -> None:
    draws, number = np.random.default_rng(0), 0
    for shard, size in enumerate(sizes):
        with tarfile.open(folder / f"train-{shard:03}.tar", "w") as archive:
            for _ in range(size):
                picture, array = io.BytesIO(), io.BytesIO()
                pixels = draws.integers(0, 128 + 127 * (number % 2), (8, 8, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(picture, "png")
                np.save(array, draws.random(3, dtype=np.float32))
                files = {"png": picture.getvalue(), "cls": b"%d" % (number % 2), "x.npy": array.getvalue(), "txt": b"?"}
                for ending, content in files.items():
                    member = tarfile.TarInfo(f"some/{number:06}.{ending}")
                    member.size = len(content)
                    archive.addfile(member, io.BytesIO(content))
                number += 1


def test_shards_are_read_in_an_order_of_their_own_and_give_the_same_bits(folder: Path) -> None:
    write_shards(folder, [20, 7, 1, 22])
    data = read_text('shards("train-*.tar")', folder)
    assert data.fields.keys() == {"image", "label", "x"} and data.classes == ("0", "1") and len(data) == 50
    assert data.fields["label"].tolist() == [0, 1] * 25 and data.fields["x"].shape == (50, 3)
    assert data.samples.place(27) == "train-002.tar, some/000027" and "files that are left out: .txt" in data.notes
    kept = train(folder, data='shards("train-*.tar", buffer = 8)')
    assert_same(kept, train(folder, data='shards("train-*.tar", buffer = 8)', memory="0", workers=2))
    order = InShards([20, 7, 1, 22], 4, 0, 8)
    whole = order.samples(1, 0, len(order.sizes))
    assert sorted(whole) == list(range(50)) and np.array_equal(order.samples(1, 3, 6), whole[12:24])


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.write_bytes(b"no archive"), "train-000.tar is no tar file"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "unexpected end of data"),
        (lambda path: path.unlink(), "there are no such files"),
    ],
)
def test_shards_that_are_damaged_are_told(write: Callable[[Path], object], reason: str, folder: Path) -> None:
    write_shards(folder, [20])
    write(folder / "train-000.tar")
    with pytest.raises(nnspec.SpecError) as caught:
        train(folder, data='shards("train-*.tar")', memory="0", workers=0)
    assert reason in str(caught.value)


def test_pictures_of_hugging_face_are_read_while_training_goes_on_to_the_same_bits(folder: Path) -> None:
    datasets = pytest.importorskip("datasets")
    paths = sorted(map(str, (folder / "pictures").rglob("*.png")))
    rows = {"image": paths, "label": [path.split("/")[-2] == "b" for path in paths]}
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["a", "b"])})
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(str(folder / "set"))
    kept = train(folder, data='hugging_face("set")')
    assert_same(kept, train(folder, data='hugging_face("set")', memory="0", workers=2))


def test_pairs_are_read_while_training_goes_on_to_the_same_bits(folder: Path) -> None:
    draws = np.random.default_rng(0)
    for number in range(20):
        for field, most in (("image", 255), ("mask", 2)):
            (folder / "pairs" / field).mkdir(parents=True, exist_ok=True)
            pixels = draws.integers(0, most, (8, 8), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / "pairs" / field / f"{number}.png")
    (folder / "small.nn").write_text(PAIRS)
    assert_same(train(folder), train(folder, memory="0", workers=2))


@pytest.mark.slow
def test_two_processes_that_read_their_shares_alone_follow_one(folder: Path) -> None:
    (folder / "small.nn").write_text(SPEC.replace(" -> Dropout(0.1)", ""))  # each process draws its own numbers
    for number in (3, 20, 41):
        (folder / "pictures" / "ab"[number % 2] / f"{number}.png").write_bytes(b"no picture")
    alone = train(folder, memory="0", workers=1, damaged='"skip"')
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "nnspec"]
    more = ["--strategy", "ddp", "--memory", "0", "--workers", "1", "--quiet", "--device", "cpu", "--name", "two"]
    more += ["--set", 'damaged="skip"']
    subprocess.run([*start, "train", "small.nn", *more], cwd=folder, check=True, capture_output=True, timeout=200)
    one, two = load_file(alone.last_weights), load_file(folder / "runs" / "two" / "last.safetensors")
    torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-5)
    assert (folder / "runs" / "two" / "skipped.txt").read_text().split() == ["a/20.png", "b/3.png", "b/41.png"]


def test_folders_of_many_pictures_are_listed_once_and_kept_in_little_memory(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed: list[str] = []

    def list_files(place: Path) -> tuple[list[str], list[str]]:
        listed.append(place.name)
        return files_in(place)

    monkeypatch.setattr("nnspec.train.data.pictures.files_in", list_files)
    data = read_text('images("pictures")', folder)
    samples = data.samples.source if isinstance(data.samples, Held) else data.samples
    assert listed == ["a", "b"] and isinstance(samples, PictureFiles)
    expected = sorted(f"{number}.png" for number in range(0, 60, 2)) + sorted(f"{n}.png" for n in range(1, 60, 2))
    assert list(samples.files.names) == [samples.files.names[index] for index in range(60)] == expected
    assert samples.place(29) == f"a/{expected[29]}" and samples.place(30) == f"b/{expected[30]}"
    divided = Divided(data, Supply(memory=0), torch.device("cpu"), None)
    labels = View("label", samples.forms["label"])
    assert [len(part) for part in divided.values(labels)] == [60]  # at once, though a picture is slow to read


def test_many_names_are_told_apart_wherever_they_are_cut() -> None:
    names = [f"picture-{number}é\udc80.jpg" for number in range(5000)]
    kept = Names.joined([Names(names[:1]), Names(()), Names(names[1:])])
    assert list(kept) == names and kept[4999] == names[4999] and len(kept) == 5000


def test_an_evaluation_reads_as_training_does_and_gives_the_same_figures(folder: Path, tmp_path: Path) -> None:
    run = train(folder, epochs=1)
    file = tmp_path / "model.onnx"
    nnspec.load(folder / "small.nn").export_onnx(file, run.best_weights, verify=False)
    held = nnspec.evaluate(run.folder, device="cpu", worst=3)
    read = nnspec.evaluate(run.folder, device="cpu", worst=3, memory="1KB", workers=2)
    assert read.to_json() == held.to_json()
    assert not multiprocessing.active_children()
    of_file = nnspec.evaluate(run.folder, onnx=file, worst=3, memory="1KB", workers=1)
    assert of_file.figures == nnspec.evaluate(run.folder, onnx=file, worst=3).figures


def test_evaluate_refuses_an_amount_that_is_none(folder: Path) -> None:
    run = train(folder, epochs=1)
    with pytest.raises(nnspec.SpecError, match="--memory much is no amount"):
        nnspec.evaluate(run.folder, device="cpu", memory="much")


@pytest.mark.skipif(sys.platform != "linux", reason="sends a signal to a group of processes")
def test_a_signal_to_a_run_and_its_workers_ends_it_when_it_is_saved(folder: Path) -> None:
    options = ["--memory", "1KB", "--workers", "2", "--set", "epochs=100000", "--device", "cpu", "--name", "long"]
    command = [sys.executable, "-m", "nnspec", "train", "small.nn", *options]
    process = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    assert process.stdout is not None
    while not process.stdout.readline().startswith("epoch"):
        assert process.poll() is None
    os.killpg(process.pid, signal.SIGTERM)  # as torchrun and queues do
    output, _ = process.communicate(timeout=100)
    assert process.returncode == 75 and "go on with it" in output, output
