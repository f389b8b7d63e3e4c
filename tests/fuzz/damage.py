"""Damage to files: bits that flip, parts that are missing, doubled or from elsewhere, sizes that lie.

What is packed is damaged inside as well, and packed again with the check sums that belong to it: a reader must not be
safe by a check sum alone.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from random import Random
from typing import NamedTuple

NUMBER = re.compile(rb"\d+")
LIES = (b"0", b"1", b"-1", b"255", b"65536", b"4294967295", b"99999999999", b"9" * 20, b"1e999", b"nan")
WORDS = (b"\x00" * 4, b"\xff" * 4, b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\x00\x00\x00", b"\xff" * 8, b"\n", b"\"",
         b",", b"{", b"}", b"[", b"(", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"PK\x03\x04", b"\x1f\x8b")  # fmt: skip
HEAD = 256  # bytes in which most formats say what they are


class Change(NamedTuple):
    """One change: of what kind, where (as a share of the length), and with what random numbers."""

    kind: str
    place: float
    seed: int


Packing = tuple[
    Callable[[bytes, int], bytes], Callable[[bytes, int, bytes], bytes]
]  # the inside; the whole with another


def draw(random: Random) -> Change:
    """A change; every second one is near the beginning."""
    place = random.random() ** random.choice([1, 4])
    return Change(random.choice(sorted(KINDS)), place, random.getrandbits(32))


def damaged(content: bytes, changes: tuple[Change, ...], donor: bytes) -> bytes:
    """The content after all changes; `donor` is another file, which parts are taken from."""
    for change in changes:
        random = Random(change.seed)
        at = int(change.place * len(content))
        content = KINDS[change.kind](content, at, random, donor)
    return content


def _flip(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    made = bytearray(content)
    for _ in range(random.choice([1, 1, 2, 8])):
        if made:
            made[min(at, len(made) - 1)] ^= 1 << random.randrange(8)
            at = random.randrange(len(made))
    return bytes(made)


def _lie(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    """Another number where one is written in digits."""
    found = list(NUMBER.finditer(content, at)) or list(NUMBER.finditer(content))
    if not found:
        return _word(content, at, random, donor)
    chosen = random.choice(found[:8])
    return content[: chosen.start()] + random.choice(LIES) + content[chosen.end() :]


def _word(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    word = random.choice(WORDS)
    return content[:at] + word + content[at + (len(word) if random.random() < 0.7 else 0) :]


def _cut(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    return content[:at]


def _drop(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    return content[:at] + content[at + random.choice([1, 2, 8, 64, 1024]) :]


def _double(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    end = at + random.choice([1, 8, 64, 1024])
    return content[:end] + content[at:end] * random.choice([1, 1, 30]) + content[end:]


def _insert(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    return content[:at] + random.randbytes(random.choice([1, 4, 64])) + content[at:]


def _other_head(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    length = random.choice([4, 8, 16, 64, HEAD])
    return donor[:length] + content[length:]


def _graft(content: bytes, at: int, random: Random, donor: bytes) -> bytes:
    start = random.randrange(len(donor) + 1)
    length = random.choice([4, 32, 512])
    return content[:at] + donor[start : start + length] + content[at + length :]


KINDS: dict[str, Callable[[bytes, int, Random, bytes], bytes]] = {
    "bits": _flip,
    "a number": _lie,
    "a word": _word,
    "cut": _cut,
    "a part left out": _drop,
    "a part doubled": _double,
    "bytes put in": _insert,
    "another head": _other_head,
    "a part of another file": _graft,
}


def inside(content: bytes, which: int) -> tuple[bytes, Callable[[bytes], bytes]] | None:
    """What is packed in a file, and how the file is packed again around another inside; None where nothing is."""
    if content.startswith(b"PK\x03\x04"):
        return _member(content, which)
    if content.startswith(b"\x1f\x8b"):
        return gzip.decompress(content), lambda other: gzip.compress(other, 1, mtime=0)
    if content.startswith(b"\x89PNG"):
        return content[8:], _png
    (length,) = struct.unpack("<Q", content[:8]) if len(content) > 8 else (0,)
    if 2 <= length < len(content) and content[8:9] == b"{":  # safetensors: a length, and so much JSON
        rest = content[8 + length :]
        return content[8 : 8 + length], lambda other: struct.pack("<Q", len(other)) + other + rest
    return None


def _member(content: bytes, which: int) -> tuple[bytes, Callable[[bytes], bytes]]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {each.filename: archive.read(each) for each in archive.infolist()}
    chosen = sorted(members)[which % len(members)]

    def packed(other: bytes) -> bytes:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, part in members.items():
                archive.writestr(zipfile.ZipInfo(name), other if name == chosen else part)
        return file.getvalue()

    return members[chosen], packed


def _png(chunks: bytes) -> bytes:
    """Chunks of a PNG file with the check sums that belong to them."""
    made, at = b"\x89PNG\r\n\x1a\n", 0
    while at + 8 <= len(chunks):
        (length,) = struct.unpack(">I", chunks[at : at + 4])
        body = chunks[at + 4 : at + 8 + length]
        made += chunks[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return made
