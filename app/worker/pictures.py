"""Contact sheets: small pictures in a grid, as a PNG that a person can read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.store.folders import write_bytes

TILE = 96
"""Smallest side of a tile in the sheet; smaller pictures are enlarged."""
GAP = 4
BACKGROUND = 24


def write_sheet(path: Path, images: NDArray[np.floating[Any]], columns: int) -> None:
    """Write pictures ``(n, C, H, W)`` in [-1, 1] row by row, ``columns`` to a row. The file appears whole."""
    tiles = [_tile(image) for image in images]
    side = tiles[0].width
    rows = -(-len(tiles) // columns)
    sheet = Image.new(tiles[0].mode, (columns * (side + GAP) + GAP, rows * (side + GAP) + GAP), _grey(tiles[0].mode))
    for number, tile in enumerate(tiles):
        row, column = divmod(number, columns)
        sheet.paste(tile, (GAP + column * (side + GAP), GAP + row * (side + GAP)))
    content = io.BytesIO()
    sheet.save(content, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content.getvalue())


def _tile(image: NDArray[np.floating[Any]]) -> Image.Image:
    grey = np.rint((np.clip(image, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    picture = Image.fromarray(grey[0] if len(grey) == 1 else np.moveaxis(grey, 0, -1))
    factor = max(1, -(-TILE // picture.width))
    return picture.resize((picture.width * factor, picture.height * factor), Image.Resampling.BICUBIC)


def _grey(mode: str) -> int | tuple[int, int, int]:
    return BACKGROUND if mode == "L" else (BACKGROUND, BACKGROUND, BACKGROUND)
