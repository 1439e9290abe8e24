"""PNG, JPEG and TIFF pictures through Pillow. It knows pictures, not studies or projects."""

from __future__ import annotations

import hashlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from app.domain.errors import Failed
from app.domain.study import SourceKind
from app.imaging import windowing
from app.imaging.content import DECODE_FAULTS, FileContent, Frame, SliceImage

_PICTURE_FAULTS: tuple[type[Exception], ...] = (*DECODE_FAULTS, SyntaxError, Image.DecompressionBombError)
FORMATS = ("PNG", "JPEG", "TIFF")
SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\x00", b"MM\x00*")
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)
"""Weights of red, green and blue in grey (ITU-R BT.601)."""


def is_picture(head: bytes) -> bool:
    """Whether a file that begins with ``head`` claims to be one of ``FORMATS``."""
    return head.startswith(SIGNATURES)


def read(path: Path) -> FileContent:
    """Decode every page of the picture once and describe it.

    Raises:
        Failed: ``damaged-file``.
    """
    data = path.read_bytes()
    with _opened(data) as picture:
        frames: list[Frame] = []
        bits = 8
        for page in range(getattr(picture, "n_frames", 1)):
            pixels, bits = _page(picture, page)
            frames.append(Frame(index=page, rows=pixels.shape[0], columns=pixels.shape[1], order=page))
    return FileContent(
        path=path,
        kind=SourceKind.IMAGE,
        sha256=hashlib.sha256(data).hexdigest(),
        frames=tuple(frames),
        unit="stored",
        bits=bits,
        description=path.name,
    )


def load(path: Path, page: int) -> SliceImage:
    """One page as a slice; colour becomes grey, 16 bits stay 16 bits, EXIF orientation is applied."""
    with _opened(path.read_bytes()) as picture:
        pixels, bits = _page(picture, page)
    return SliceImage(pixels, None, _window(pixels, bits))


_lock = threading.Lock()


@contextmanager
def _opened(data: bytes) -> Iterator[Image.Image]:
    """The picture, with Pillow's warnings kept off the screen and its many faults told as one.

    The lock is there because the interpreter's warning filters are shared by all threads.
    """
    try:
        with _lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                yield picture
    except UnidentifiedImageError as error:
        raise Failed("damaged-file", detail="its picture data cannot be recognised") from error
    except _PICTURE_FAULTS as error:
        detail = "its picture is cut short" if "truncated" in str(error) else "its picture cannot be decoded"
        raise Failed("damaged-file", detail=detail) from error


def _page(picture: Image.Image, page: int) -> tuple[NDArray[np.float32], int]:
    """Grey float32 pixels of a page, and their significant bits."""
    if page:
        picture.seek(page)
    upright = ImageOps.exif_transpose(picture)
    if upright.mode in ("L", "F") or upright.mode.startswith("I"):
        pixels = np.asarray(upright)
    elif upright.mode == "1":
        pixels = np.asarray(upright.convert("L"))
    else:
        pixels = np.asarray(upright.convert("RGB"), dtype=np.float32) @ _LUMA
    bits = {"F": 32, "I": 32}.get(upright.mode, 16 if upright.mode.startswith("I;16") else 8)
    if upright.mode == "I" and pixels.size and pixels.min() >= 0 and pixels.max() <= 65535:
        bits = 16
    return np.ascontiguousarray(pixels, dtype=np.float32), bits


def _window(pixels: NDArray[np.float32], bits: int) -> tuple[float, float]:
    return (0.0, 255.0) if bits == 8 else windowing.robust_window(pixels)
