"""The kind of data in a folder, told by the names in it: pictures, pairs, arrays, tables, files of published data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nnspec.reading.folders import folders_in, parts_of, pictures_in

PICTURES = frozenset({"image", "images", "img", "imgs", "input", "inputs", "photo", "photos"})
MASKS = frozenset({"mask", "masks", "target", "targets", "segmentation", "annotation", "annotations"})
# The kind of data by what the names of files end in, in the order in which they are looked for.
ENDINGS = (
    ("idx", ("-idx3-ubyte", "-idx3-ubyte.gz")),
    ("cifar", ("data_batch_1.bin", "data_batch_1", "train.bin")),
    ("hugging_face", ("dataset_info.json", "dataset_dict.json", "state.json")),
    ("shards", (".tar",)),
    ("arrays", (".npy", ".npz")),
    ("table", (".csv", ".parquet")),
    ("texts", (".jsonl",)),
    ("parallel", (".tsv",)),
    ("text", (".txt",)),
)


def held_by(folder: Path) -> str:
    """The word of the kind of data that a folder holds; `images`, which says what is missing, where nothing tells.

    Only names are looked at, of the folder and, where it has parts, of its training part.
    """
    if not folder.is_dir():
        return "images"
    training = parts_of(folder).training
    for place in (folder, training):
        names = sorted(each.name.lower() for each in place.iterdir() if each.is_file())
        found = next((kind for kind, endings in ENDINGS if any(name.endswith(endings) for name in names)), None)
        if found is not None:
            return found
    return "pairs" if _are_pairs(folders_in(training)) else "images"


def _are_pairs(folders: Sequence[Path]) -> bool:
    """Whether folders are called as fields are, and not as classes, and hold files of the same names."""
    names = {folder.name.lower() for folder in folders}
    if not (names & PICTURES and names & MASKS):
        return False
    stems = [{file.stem for file in pictures_in(folder)} for folder in folders]
    return all(each == stems[0] for each in stems)
