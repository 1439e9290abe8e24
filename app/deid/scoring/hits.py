"""Looks for planted identities in the bytes of whole files, in every encoding that a file could hold them in.

It opens what is packed (gzip, ZIP members, compressed text of PNG) and counts how often a text occurs, whatever its
case and inside longer words too. It is stricter than a reader: what no program shows is still found.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

ENCODINGS = (
    *("utf-8", "utf-16-le", "latin-1", "iso8859-5", "iso8859-6", "iso2022_jp", "shift_jis", "euc_jp"),
    "unicode_escape",
)
"""Latin, Cyrillic, Arabic and Japanese sets of PS3.3 C.12.1.1.2, and what JSON and other tools write."""

SHORTEST = 5
"""Shorter byte strings are found by chance."""

_ESCAPE = (b"\x1b$B", b"\x1b(B")


@cache
def forms(text: str) -> frozenset[bytes]:
    """A text in all encodings that can write it, ASCII letters in lower case."""
    found: set[bytes] = set()
    for cased in (text, text.lower(), text.upper(), text.title()):
        for encoding in ENCODINGS:
            try:
                written = cased.encode(encoding)
            except UnicodeEncodeError:
                continue
            for escape in _ESCAPE:
                written = written.replace(escape, b"")
            found.add(written.lower())
    return frozenset(form for form in found if len(form) >= SHORTEST)


def count(path: Path, texts: Iterable[str], *, name_too: bool = True) -> dict[str, int]:
    """How often each text is found in a file's bytes and, unless told otherwise, in its name.

    Returns:
        The texts that were found, with their number.

    Raises:
        OSError: the file cannot be read.
    """
    contents = [content.lower() for content in _contents(path.name if name_too else "", path.read_bytes())]
    found = {text: sum(content.count(form) for content in contents for form in forms(text)) for text in texts}
    return {text: times for text, times in found.items() if times}


def _contents(name: str, content: bytes) -> Iterator[bytes]:
    """A file's name and bytes, and those of everything that is packed in it."""
    yield name.encode("utf-8", "surrogateescape")
    yield content
    if content[:2] == b"\x1f\x8b":
        yield from _contents("", gzip.decompress(content))
    elif content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield archive.comment
            for member in archive.infolist():
                yield member.comment + member.extra
                yield from _contents(member.filename, archive.read(member))
    elif content[:8] == b"\x89PNG\r\n\x1a\n":
        yield from _png_texts(content)


def _png_texts(content: bytes) -> Iterator[bytes]:
    """Compressed text of zTXt, iTXt and iCCP chunks."""
    place = 8
    while place + 8 <= len(content):
        length = int.from_bytes(content[place : place + 4], "big")
        if content[place + 4 : place + 8] in {b"zTXt", b"iTXt", b"iCCP"}:
            yield from _inflated(content[place + 8 : place + 8 + length])
        place += length + 12


def _inflated(body: bytes) -> Iterator[bytes]:
    """What is compressed in a chunk, wherever in its first bytes it begins."""
    for start in range(min(len(body), 400)):
        with suppress(zlib.error):
            yield zlib.decompress(body[start:])
