"""Pictures from files, upright, in every mode that Pillow knows, as numbers within 0 and 1; and as maps of classes.

Black is 0 and white is 1: of 8 bits 255, of 16 bits 65,535, and so of whole numbers in 32 bits, which are 16 bits in a
wider form; pictures of floats are taken as they are. Of several frames the first is taken. What is transparent lies on
white, unless a model takes four channels. Grey becomes colour by repetition, colour becomes grey by ITU-R BT.601.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from nnspec.reading.room import PIXELS
from nnspec.reading.unreadable import Unreadable, not_opened

Pixels = NDArray[np.float32]
Source = str | Path | IO[bytes]

logging.getLogger("PIL").addHandler(logging.NullHandler())  # what it finds in damaged files is told below

MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # by the number of channels
# What is opened: formats of pixels, none that is a program (EPS) or a stub.
FORMATS = frozenset({"AVIF", "BMP", "DIB", "GIF", "ICO", "JPEG", "JPEG2000", "MPO", "PCX", "PNG", "PPM", "QOI", "SGI",
                     "TGA", "TIFF", "WEBP"})  # fmt: skip
USUAL = ("JPEG", "PNG")
WIDE = 65_535  # white in 16 bits
PREMULTIPLIED = {"La": "LA", "RGBa": "RGBA"}
SEVERAL = frozenset({"LA", "PA", "RGBA"})  # modes with a channel of transparency
DIRECT = frozenset({"1", "L", "P", "RGB", *SEVERAL})  # modes that become every other one
RESAVE = "save it again as PNG"


@contextmanager
def opened(source: Source) -> Iterator[Image.Image]:
    """The first frame of a picture, turned as its EXIF tag says.

    Raises:
        Unreadable: there is no such file, it is no picture, or it is damaged or too large.
    """
    with _telling(), _file(source) as file, _looked_at(file) as picture:
        yield upright(picture)


def _looked_at(file: IO[bytes]) -> Image.Image:
    """A picture in a file, of which the size is known, and that is not unpacked.

    Raises:
        Unreadable: it is too large.
    """
    picture = Image.open(file, formats=_formats())
    if min(picture.size) < 1:
        raise Unreadable(f"it has {picture.width} x {picture.height} pixels", "take another picture")
    if picture.width * picture.height > PIXELS:
        reason = f"it has {picture.width:,} x {picture.height:,} pixels"
        raise Unreadable(reason, f"a picture may have {PIXELS:,}; make it smaller")
    return picture


@cache
def _formats() -> list[str]:
    Image.init()  # all that this Pillow was built with
    return sorted(FORMATS & Image.OPEN.keys(), key=lambda name: (name not in USUAL, name))  # they are tried in turn


def _file(source: Source) -> AbstractContextManager[IO[bytes]]:
    """A file, opened here and once: what keeps it from that is told apart from what is wrong within."""
    if not isinstance(source, (str, Path)):
        return nullcontext(source)
    try:
        return open(source, "rb")
    except OSError as error:
        raise not_opened(Path(source), error) from None


@contextmanager
def _telling() -> Iterator[None]:
    """Turn the errors of Pillow into words that name no function of it; its warnings are not for users."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Unreadable:
        raise
    except UnidentifiedImageError:
        raise Unreadable("it is no picture", "give a .png, .jpg, .webp, .tif, .bmp, .gif or .ppm file") from None
    except Image.DecompressionBombError:
        raise Unreadable("it has too many pixels", "make it smaller") from None
    except Exception:  # damaged files make decoders fail in every way there is
        raise Unreadable("it is damaged", RESAVE) from None


def upright(picture: Image.Image) -> Image.Image:
    """A picture as it is to be seen; a damaged EXIF block turns nothing."""
    try:
        orientation = picture.getexif().get(0x0112, 1)
    except Exception:  # see above
        return picture
    return ImageOps.exif_transpose(picture) if orientation in range(2, 9) else picture


def extent_of(path: Path) -> tuple[int, int]:
    """Height and width of a picture.

    Raises:
        Unreadable: it is none.
    """
    with opened(path) as picture:
        return picture.height, picture.width


def read_picture(source: Source, channels: int, extent: tuple[int, int]) -> Pixels:
    """A picture [C, H, W] with so many channels, in this height and width.

    Raises:
        Unreadable: the file holds no picture, or one of other numbers.
    """
    with opened(source) as picture:
        return pixels(picture, channels, extent)


def pixels(picture: Image.Image, channels: int, extent: tuple[int, int]) -> Pixels:
    """The numbers [C, H, W] of a picture that is open, within 0 and 1.

    Raises:
        Unreadable: it is of numbers outside of what its mode can show.
    """
    wide = _wide(picture)
    if wide is not None:
        grey = np.asarray(Image.fromarray(wide).resize((extent[1], extent[0]), Image.Resampling.BILINEAR))
        planes = np.broadcast_to(grey, (min(channels, 3), *extent))
        return np.concatenate([planes, np.ones((1, *extent), np.float32)]) if channels == 4 else planes.copy()
    array = _fitted(picture, channels, extent).astype(np.float32) / np.float32(255)
    return np.ascontiguousarray(array.transpose(2, 0, 1))


def read_into(made: NDArray[Any], sources: Iterable[Source], channels: int, extent: tuple[int, int]) -> None:
    """Pictures put into an array, one after the other: bytes [H, W, C], or numbers [C, H, W] if it is of floats.

    Raises:
        Unreadable: one is no picture, or of more bits than there is room for.
    """
    numbers = eight_bits if made.dtype == np.uint8 else pixels
    with _telling():
        for place, source in zip(made, sources, strict=True):
            with _file(source) as file, _looked_at(file) as picture:
                place[...] = numbers(upright(picture), channels, extent)


def eight_bits(picture: Image.Image, channels: int, extent: tuple[int, int]) -> NDArray[np.uint8]:
    """The bytes [H, W, C] of a picture that is open.

    Raises:
        Unreadable: it has more than 8 bits.
    """
    if is_wide(picture):
        raise Unreadable("it has more than 8 bits for a pixel, and the others have 8", "save all of them alike")
    return _fitted(picture, channels, extent)


def _fitted(picture: Image.Image, channels: int, extent: tuple[int, int]) -> NDArray[np.uint8]:
    """A picture of 8 bits [H, W, C] in a size."""
    fitted = _converted(picture, MODES[channels])
    if fitted.size != (extent[1], extent[0]):
        fitted = _resized(fitted, *extent)
    return np.asarray(fitted).reshape(*extent, channels)


def _resized(picture: Image.Image, height: int, width: int) -> Image.Image:
    """A picture of 8 bits in another size: first its width, then its height.

    Pillow 13 begins with the height of some, and then rounds otherwise: a model would be given other numbers by
    another version of Pillow, and by the page that `nnspec page` writes.
    """
    mode = picture.mode
    if mode == "RGBA":
        picture = picture.convert("RGBa")  # colours weigh as much as they are opaque
    for size in ((width, picture.height), (width, height)):
        if size != picture.size:
            picture = picture.resize(size, Image.Resampling.BILINEAR)
    return picture.convert(mode) if mode == "RGBA" else picture


def is_wide(picture: Image.Image) -> bool:
    """Whether a picture has more than 8 bits for a pixel."""
    return picture.mode in ("F", "I") or picture.mode.startswith("I;16")


def _wide(picture: Image.Image) -> Pixels | None:
    """The grey levels [H, W] of a picture with more than 8 bits; None of all others."""
    if picture.mode == "F":
        floats = np.asarray(picture, np.float32)
        if not (np.isfinite(floats).all() and 0 <= floats.min() and floats.max() <= 1):
            reason = "it is of floats that are not within 0 and 1"
            raise Unreadable(reason, "scale them, or give them as an array (.npy)")
        return floats
    if picture.mode == "I" or picture.mode.startswith("I;16"):
        whole = np.asarray(picture)
        if whole.min() < 0 or whole.max() > WIDE:
            reason = f"it is of whole numbers from {whole.min():,} to {whole.max():,}"
            raise Unreadable(reason, f"scale them to 0 to {WIDE:,}, or give them as an array (.npy)")
        scaled: Pixels = np.divide(whole, WIDE, dtype=np.float32, casting="same_kind")
        return scaled
    return None


def _converted(picture: Image.Image, mode: str) -> Image.Image:
    """A picture of 8 bits in another mode; what is transparent lies on white where the mode has no place for it."""
    if picture.mode in PREMULTIPLIED:
        picture = picture.convert(PREMULTIPLIED[picture.mode])
    if mode != "RGBA" and (picture.mode in SEVERAL or "transparency" in picture.info):
        above = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
    if picture.mode == mode:  # to convert it would copy it
        return picture
    try:
        return (picture if picture.mode in DIRECT else picture.convert("RGB")).convert(mode)
    except ValueError:
        raise Unreadable(f"it is in the mode {picture.mode}, which has no way to {mode}", RESAVE) from None


def read_classes(path: Source, extent: tuple[int, int]) -> NDArray[np.int64]:
    """The class of each pixel [H, W]: its number, grey level or place in the palette, never scaled or mixed.

    Raises:
        Unreadable: the file holds no picture with one number for each pixel.
    """
    with opened(path) as picture:
        if picture.mode not in ("1", "L", "P", "I") and not picture.mode.startswith("I;16"):
            reason = f"it has more than one number for each pixel (mode {picture.mode}), and is to hold classes"
            raise Unreadable(reason, "save it in grey levels or with a palette")
        return numbered(picture, extent)


def numbered(picture: Image.Image, extent: tuple[int, int]) -> NDArray[np.int64]:
    """The numbers [H, W] of a picture that is open, from the nearest pixels."""
    array: NDArray[Any] = np.asarray(picture)
    rows, columns = (_nearest(size, wanted) for size, wanted in zip(array.shape, extent, strict=True))
    return array[rows[:, None], columns[None, :]].astype(np.int64)


def _nearest(size: int, wanted: int) -> NDArray[np.int64]:
    """The place of the nearest of `size` pixels for each of `wanted`."""
    return ((np.arange(wanted) + 0.5) * size / wanted).astype(np.int64)
