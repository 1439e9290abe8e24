"""Pictures as PNG: 16-bit grey where the sources had more than 8 bits, and marked in the file itself.

It knows pixels and text chunks, and must not know folders, classes or exports.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL.PngImagePlugin import PngInfo

from app.imaging import marking, png_encoder, xmp
from app.imaging.picture import Page
from app.imaging.raster import raster

MARK = "Synthetic"
"""Keyword of the text chunk that says "yes" or "no"."""

XMP = "XML:com.adobe.xmp"
"""Keyword of the text chunk that holds an XMP packet (ISO 16684-3)."""


def write(path: Path, page: Page) -> None:
    """Write one grey or colour PNG whose black and white are the ends of the picture's window.

    Text chunks (PNG specification 11.3.4.3): ``Synthetic`` (yes or no), ``Label``, ``Window``, ``Unit``, the origin
    (program, run, sample set, checkpoint hash, seed), and an XMP packet. No time is written: equal pages are equal
    files.

    Raises:
        OSError: the file cannot be written.
    """
    chunks = ((kind, content) for kind, content, *_ in _texts(page).chunks)
    path.write_bytes(png_encoder.encode(np.asarray(raster(page.picture)), chunks))


def _texts(page: Page) -> PngInfo:
    info = PngInfo()
    for key, value in marking.texts(page).items():
        info.add_text(key, value) if value.isascii() else info.add_itxt(key, value)
    info.add_itxt(XMP, xmp.packet(page))
    return info
