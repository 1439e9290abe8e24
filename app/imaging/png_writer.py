"""Pictures as PNG: 16-bit grey where the sources had more than 8 bits, and marked in the file itself.

It knows pixels and text chunks, and must not know folders, classes or exports.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.imaging.picture import Page, to_levels

MARK = "Synthetic"
"""Keyword of the text chunk that says "yes" or "no"."""


def write(path: Path, page: Page) -> None:
    """Write one grey PNG whose black and white are the ends of the picture's window.

    Text chunks (PNG specification 11.3.4.3): ``Synthetic`` (yes or no), ``Label``, ``Window``, ``Unit`` and the
    origin (program, run, sample set, checkpoint hash, seed). No time is written: equal pictures are equal files.

    Raises:
        OSError: the file cannot be written.
    """
    picture = page.picture
    if picture.bits > 8:
        image = Image.fromarray(to_levels(picture, 65535))
    else:
        image = Image.fromarray(to_levels(picture, 255).astype(np.uint8))
    image.save(path, format="PNG", pnginfo=_texts(page))


def _texts(page: Page) -> PngInfo:
    info = PngInfo()
    low, high = page.picture.window
    facts = page.origin.facts()
    texts = {
        MARK: "yes" if facts.pop("SyntheticData") else "no",
        "Label": page.picture.label,
        "Window": f"{low:g}..{high:g}",
        "Unit": page.picture.unit,
        **{key: str(value) for key, value in facts.items()},
    }
    for key, value in texts.items():
        info.add_itxt(key, value) if not value.isascii() else info.add_text(key, value)
    return info
