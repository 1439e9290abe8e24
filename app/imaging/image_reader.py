"""PNG, JPEG and TIFF pictures through Pillow. It knows pictures, not studies or projects."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import checking, windowing
from app.imaging.content import DECODE_FAULTS, Checked, FileContent, Frame, SliceImage

_PICTURE_FAULTS: tuple[type[Exception], ...] = (*DECODE_FAULTS, SyntaxError)
FORMATS = ("PNG", "JPEG", "TIFF")
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""
_EXIF_ORIENTATION = 0x0112


def look(path: Path) -> FileContent:
    """Describe every page of the picture from its header; no pixel is decoded.

    Raises:
        Failed: ``damaged-file``, ``too-large`` or ``unreadable``.
    """
    with _opened(path) as picture:
        frames = []
        bits = 8
        for page in range(_pages(picture)):
            picture.seek(page)
            columns, rows = picture.size[::-1] if _is_sideways(picture) else picture.size
            frames.append(Frame(index=page, rows=rows, columns=columns, order=page))
            bits = max(bits, _bits(picture))
    return FileContent(
        path=path, kind=SourceKind.IMAGE, frames=tuple(frames), unit="stored", bits=bits, description=path.name
    )


def check(content: FileContent) -> Checked:
    """Decode every page once.

    Raises:
        Failed: as ``load``.
    """
    with _opened(content.path) as picture:
        if _pages(picture) != len(content.frames):
            raise Failed("damaged-file", detail="it changed while it was read")
        shown = None
        for frame in content.frames:
            image = _slice(picture, frame.index)
            shown = image if frame is checking.middle(content) else shown
    assert shown is not None
    return checking.checked(content, shown)


def load(path: Path, page: int) -> SliceImage:
    """One page as a slice; colour becomes grey, 16 bits stay 16 bits, EXIF orientation is applied.

    Raises:
        Failed: as ``look``.
    """
    with _opened(path) as picture:
        return _slice(picture, page)


_lock = threading.Lock()


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """The picture, with Pillow's warnings kept off the screen and its many faults told as one.

    The lock is there because the interpreter's warning filters are shared by all threads.
    """
    try:
        with _lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(path.read_bytes()), formats=FORMATS) as picture:
                yield picture
    except UnidentifiedImageError as error:
        raise Failed("damaged-file", detail="its picture data cannot be recognised") from error
    except Image.DecompressionBombError as error:
        raise Failed("too-large", limit=2 * (Image.MAX_IMAGE_PIXELS or 0) // 1_000_000) from error
    except _PICTURE_FAULTS as error:
        detail = "its picture is cut short" if "truncated" in str(error) else "its picture cannot be decoded"
        raise Failed("damaged-file", detail=detail) from error


def _pages(picture: Image.Image) -> int:
    return int(getattr(picture, "n_frames", 1))


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation, 1 where there is none.

    Pillow would decode a PNG to the end to look for one behind its pixels, where the standard allows none.
    """
    if isinstance(picture, PngImageFile) and not {"exif", "Raw profile type exif"} & picture.info.keys():
        return 1
    return int(picture.getexif().get(_EXIF_ORIENTATION, 1))


def _is_sideways(picture: Image.Image) -> bool:
    """Whether rows and columns are to be exchanged; a TIFF's stated size is that after turning already."""
    return not isinstance(picture, TiffImageFile) and _orientation(picture) in (5, 6, 7, 8)


def _bits(picture: Image.Image) -> int:
    """Significant bits of a grey value; colour counts as 8, as that is what Pillow makes of it."""
    if picture.mode == "F":
        return 32
    if not picture.mode.startswith("I"):
        return 8
    stated: Any = picture.tag_v2.get(BITSPERSAMPLE, (16,)) if isinstance(picture, TiffImageFile) else (16,)
    return max(8, min(32, int(stated[0])))


def _slice(picture: Image.Image, page: int) -> SliceImage:
    picture.seek(page)
    orientation, bits = _orientation(picture), _bits(picture)
    inverted = bits > 8 and isinstance(picture, TiffImageFile) and picture.tag_v2.get(PHOTOMETRIC_INTERPRETATION) == 0
    pixels = _grey(ImageOps.exif_transpose(picture) if orientation != 1 else picture)
    if inverted and bits <= 16:
        pixels = np.float32(2**bits - 1) - pixels  # Pillow turns white-is-zero only up to 8 bits
    return SliceImage(pixels, None, (0.0, 255.0) if bits == 8 else windowing.robust_window(pixels))


def _grey(picture: Image.Image) -> NDArray[np.float32]:
    if picture.mode in ("L", "F") or picture.mode.startswith("I"):
        pixels = np.asarray(picture)
    elif picture.mode == "1":
        pixels = np.asarray(picture.convert("L"))
    else:
        pixels = np.asarray(picture.convert("RGB"), dtype=np.float32) @ _LUMA
    return np.ascontiguousarray(pixels, dtype=np.float32)
