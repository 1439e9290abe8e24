"""The pictures of a sign-off sheet one by one, as they will leave: black where something is blacked out.

They lie beside the sheet, in the project; names say which kind a picture is of and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

FOLDER = "pictures"
LARGEST = 512
"""Pixels of the longer side."""

Tile = tuple[NDArray[np.float32], NDArray[np.bool_] | None]
"""Grey levels from 0 to 1, (rows, columns), and what is blacked out."""


def save(folder: Path, kind: str, tiles: Sequence[Tile]) -> None:
    """Write ``<kind>-000.png``, …; those with something blacked out end in ``-covered``.

    Args:
        folder: of the sheet.
        kind: "real" or "synthetic".
        tiles: what to write.

    Raises:
        OSError: a file cannot be written.
    """
    place = folder / FOLDER
    place.mkdir(exist_ok=True)
    for number, (levels, hidden) in enumerate(tiles):
        shown, covered = levels, False
        if hidden is not None and hidden.shape == levels.shape:
            shown, covered = np.where(hidden, np.float32(0), levels), bool(hidden.any())
        picture = Image.fromarray(np.round(np.clip(shown, 0.0, 1.0) * 255).astype(np.uint8))
        picture.thumbnail((LARGEST, LARGEST))
        picture.save(place / f"{kind}-{number:03d}{'-covered' if covered else ''}.png")
