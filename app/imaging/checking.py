"""The common end of every check: hash of the file, thumbnail of its middle slice, and no surprise in its size.

It knows slices and bytes, not formats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.domain.errors import Failed
from app.imaging import windowing
from app.imaging.content import Checked, FileContent, Frame, SliceImage


def middle(content: FileContent) -> Frame:
    """The slice that stands for the file in lists."""
    return content.frames[len(content.frames) // 2]


def checked(content: FileContent, shown: SliceImage, files: Sequence[Path] = ()) -> Checked:
    """The result for a file whose slices were all decoded, ``shown`` being the middle one.

    Args:
        content: what its header said.
        shown: its middle slice as decoded.
        files: all files that hold it, where it is more than one.

    Raises:
        Failed: ``damaged-file`` (the slice has another size than the header said) or ``unreadable``.
    """
    frame = middle(content)
    if shown.pixels.shape != (frame.rows, frame.columns):
        raise Failed("damaged-file", detail="its picture has another size than its header says")
    return Checked(digest(files or (content.path,)), windowing.thumbnail(shown.pixels, shown.default_window))


def digest(files: Sequence[Path]) -> str:
    """SHA-256 of the files' bytes, one after the other.

    Raises:
        Failed: ``unreadable``.
    """
    total = hashlib.sha256()
    for path in files:
        for block in _blocks(path):
            total.update(block)
    return total.hexdigest()


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while block := stream.read(1 << 20):
                yield block
    except OSError as error:
        raise Failed("unreadable", path=str(path), detail=error.strerror or str(error)) from error
