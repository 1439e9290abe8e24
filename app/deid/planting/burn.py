"""Text burned into the pixels of a planted image, as scanners and screen captures leave it.

It draws and says where; it must not know whose text it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

HEIGHT = 16
"""Size of the letters in pixels."""


@dataclass(frozen=True, slots=True)
class Burned:
    """Where a line of text was drawn: rows and columns, ends excluded."""

    top: int
    left: int
    bottom: int
    right: int

    def __str__(self) -> str:
        return f"{self.top},{self.left},{self.bottom},{self.right}"

    @classmethod
    def parse(cls, text: str) -> Burned:
        """What ``str`` wrote."""
        return cls(*(int(part) for part in text.split(",")))


def burn(pixels: NDArray[np.generic], text: str, corner: tuple[int, int], value: int) -> Burned:
    """Draw one line of ASCII text into a frame, in place.

    Args:
        pixels: ``(rows, columns)`` or ``(rows, columns, samples)``.
        text: what to write.
        corner: row and column of its upper left corner.
        value: stored value of the letters.
    """
    font = ImageFont.load_default(size=HEIGHT)
    rows, columns = pixels.shape[:2]
    canvas = Image.new("L", (columns, rows), 0)
    ImageDraw.Draw(canvas).text((corner[1], corner[0]), text, fill=255, font=font)
    letters = np.asarray(canvas) > 127
    pixels[letters] = value
    lines, across = np.flatnonzero(letters.any(axis=1)), np.flatnonzero(letters.any(axis=0))
    return Burned(int(lines[0]), int(across[0]), int(lines[-1]) + 1, int(across[-1]) + 1)
