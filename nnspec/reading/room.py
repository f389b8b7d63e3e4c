"""Whether what a file holds may be unpacked: known from its headers, before anything is read."""

from __future__ import annotations

from nnspec.reading.unreadable import Unreadable

BYTES = 8 << 30  # of memory that a data set, or what is given to a model, may take
PIXELS = 1 << 26  # of one picture
TIGHT = 100  # times its size: more than that an honest archive hardly ever unpacks to
HARMLESS = 1 << 28  # bytes that any archive may unpack to


def check_room(size: int, packed: int | None = None) -> None:
    """Check that this number of bytes may be taken for a file, whose own size is given where it is compressed.

    Raises:
        Unreadable: it is too much, or far more than an honest archive holds.
    """
    if size > BYTES:
        raise Unreadable(f"it takes {size:,} bytes", f"data may take {BYTES:,}; make it smaller")
    if packed is not None and size > max(HARMLESS, TIGHT * packed):
        reason = f"its {packed:,} bytes unpack to {size:,}"
        raise Unreadable(reason, "hardly any data is packed that tightly; if this is, store it uncompressed")
