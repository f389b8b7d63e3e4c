"""Texts of any size as a file of tokens beside the runs: made once, mapped into memory, of as few bits as they need."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from nnspec.diagnostics import Span
from nnspec.output import replacing
from nnspec.reading.texts import MARKS
from nnspec.reading.unreadable import Unreadable, opening
from nnspec.train.data.fail import refuse
from nnspec.train.data.samples import Form, Hash, Indices, Rows, Samples
from nnspec.train.supply import Supply

PIECE = 1 << 22  # characters that are read at a time
RENEWED = 1024  # windows after which a file is mapped anew
FOLDER = ".tokens"  # beside the runs
Encode = Callable[[str], NDArray[np.int64]]


class About(BaseModel):
    """The facts of a file of tokens, in a file beside it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    count: int
    least: int
    greatest: int
    digest: str
    alphabet: str = ""


class TokenFile(Samples):
    """Windows of tokens that follow one another, and the same one token later."""

    def __init__(self, path: Path, about: About, length: int) -> None:
        self.path = path
        self.about = about
        self.windows, self.length = (about.count - 1) // length, length
        self._map()
        form = Form(torch.from_numpy(np.empty(0, _type(about.greatest))).dtype, (length,))
        self.forms = {"tokens": form, "next": form}
        self.ranges = dict.fromkeys(self.forms, (about.least, about.greatest))

    def _map(self) -> None:
        """Map the file anew: what was read of it counts as memory of this process no longer."""
        tokens = np.memmap(self.path, _type(self.about.greatest), "r", shape=(self.about.count,))
        whole = self.windows * self.length
        self.views = {
            "tokens": tokens[:whole].reshape(self.windows, self.length),
            "next": tokens[1 : whole + 1].reshape(self.windows, self.length),
        }
        self.read = 0  # windows since then

    def __len__(self) -> int:
        return self.windows

    def rows(self, indices: Indices) -> Rows:
        self.read += len(indices)
        if self.read > RENEWED:
            self._map()
        return {name: torch.from_numpy(np.asarray(view[indices])) for name, view in self.views.items()}

    def identify(self, hashed: Hash) -> None:
        hashed.update(f"{self.forms} {self.about.digest}".encode())


def token_file(
    path: Path, length: int, encode: Encode | None, key: str, alphabet: str | None, supply: Supply, span: Span | None
) -> TokenFile:
    """The windows of a text, whose tokens are written to a file unless they are there already.

    Args:
        path: of the text.
        length: of a window.
        encode: gives the tokens of a piece of text; None for its characters.
        key: what the tokens follow from besides the text.
        alphabet: the characters that there may be; None for those of the text.
        supply: where the file is written, and who is told.
        span: of the recipe.

    Raises:
        SpecError: the text cannot be read, has other characters, or is shorter than two windows.
    """
    state = path.stat()
    facts = f"{path.resolve()} {state.st_size} {state.st_mtime_ns} {key} {alphabet}"
    folder = supply.beside / FOLDER
    place = folder / f"{path.stem}-{sha256(facts.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}.bin"
    about = _about(place)
    if about is None:
        folder.mkdir(parents=True, exist_ok=True)
        supply.say(f"{path.name} becomes tokens, once, in {place}")
        if encode is None:
            alphabet = alphabet if alphabet is not None else _alphabet(path, supply)
            encode = _characters(alphabet)
        about = _write(path, place, encode, supply).model_copy(update={"alphabet": alphabet or ""})
        with replacing(_facts(place)) as temporary:
            temporary.write_text(about.model_dump_json(), encoding="utf-8")
    if about.count < 2 * length + 1:
        shown = f"it has {about.count:,} tokens, fewer than two windows of {length:,}"
        refuse(path.name, shown, "take a longer text, or write a shorter length", span)
    return TokenFile(place, about, length)


def _facts(place: Path) -> Path:
    return place.with_suffix(".json")


def _about(place: Path) -> About | None:
    """The facts of a file that is whole."""
    try:
        about = About.model_validate_json(_facts(place).read_bytes())
        return about if place.stat().st_size == about.count * _type(about.greatest)().itemsize else None
    except (OSError, ValidationError):
        return None


def _type(greatest: int) -> Any:
    """The type of numbers that tokens take."""
    return np.uint8 if greatest < 1 << 8 else np.uint16 if greatest < 1 << 16 else np.int32


def _alphabet(path: Path, supply: Supply) -> str:
    """The characters of a text, sorted."""
    seen = np.zeros(0x110000, np.bool_)
    for piece in pieces_of(path, supply):
        seen[np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)] = True
    return "".join(map(chr, np.flatnonzero(seen)))


def _characters(alphabet: str) -> Encode:
    """The places of characters in an alphabet."""
    places = np.full(0x110000, -1, np.int64)
    places[np.frombuffer(alphabet.encode("utf-32-le", "surrogatepass"), np.uint32)] = np.arange(len(alphabet))

    def encode(piece: str) -> NDArray[np.int64]:
        made = places[np.frombuffer(piece.encode("utf-32-le", "surrogatepass"), np.uint32)]
        if len(made) and made.min() < 0:
            other = piece[int(made.argmin())]
            raise Unreadable(f"it has the character {other!r}, which the model does not know", "take it out")
        return made

    return encode


def _write(path: Path, place: Path, encode: Encode, supply: Supply) -> About:
    """Write the tokens of a text: of 32 bits first, and then of as many as the greatest needs."""
    count, least, greatest = 0, 1 << 31, 0
    hashed = sha256()
    with replacing(place) as temporary:
        wide = temporary.with_name(f"{temporary.name}.wide")
        try:
            with wide.open("wb") as file:
                for piece in pieces_of(path, supply):
                    made = encode(piece)
                    if len(made):
                        count, least = count + len(made), min(least, int(made.min()))
                        greatest = max(greatest, int(made.max()))
                        made.astype(np.int32).tofile(file)
            with wide.open("rb") as source, temporary.open("wb") as target:
                while content := source.read(4 * PIECE):
                    narrow = np.frombuffer(content, np.int32).astype(_type(greatest))
                    hashed.update(narrow.tobytes())
                    narrow.tofile(target)
        finally:
            wide.unlink(missing_ok=True)
    return About(count=count, least=min(least, greatest), greatest=greatest, digest=hashed.hexdigest())


def pieces_of(path: Path, supply: Supply) -> Iterator[str]:
    """A text in pieces of whole lines, with a line feed at the end of each.

    Raises:
        Unreadable: it is no text.
    """
    with opening(path), path.open("rb") as raw:
        head = raw.read(4)
    encoding = next((name for mark, name in MARKS if head.startswith(mark)), "utf-8-sig")
    total, rest = path.stat().st_size, ""
    with opening(path), path.open("rb") as raw, io.TextIOWrapper(raw, encoding) as file:
        try:
            while piece := file.read(PIECE):
                rest += piece
                cut = rest.rfind("\n") + 1
                if cut:
                    yield rest[:cut]
                    rest = rest[cut:]
                supply.reading(min(raw.tell(), total - 1), total)
        except UnicodeDecodeError as error:
            raise Unreadable(
                f"it is no text in UTF-8, near byte {raw.tell():,} ({error.reason})", "save it as UTF-8"
            ) from None
    if rest:
        yield rest
    supply.reading(total, total)
