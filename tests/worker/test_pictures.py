"""Contact sheets."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from app.worker.pictures import BACKGROUND, GAP, TILE, write_sheet


def test_small_pictures_are_enlarged_in_rows(tmp_path: Path) -> None:
    images = np.stack([np.full((1, 32, 32), value, dtype=np.float32) for value in (-1.0, 0.0, 1.0)])
    write_sheet(tmp_path / "new" / "sheet.png", images, 2)
    sheet = np.asarray(Image.open(tmp_path / "new" / "sheet.png"))
    assert sheet.shape == (2 * TILE + 3 * GAP, 2 * TILE + 3 * GAP)
    middle, step = GAP + TILE // 2, TILE + GAP
    assert sheet[middle, middle] == 0
    assert sheet[middle, middle + step] in (127, 128)
    assert sheet[middle + step, middle] == 255
    assert sheet[middle + step, middle + step] == BACKGROUND


def test_colour_and_values_outside_the_range(tmp_path: Path) -> None:
    red = np.stack([np.full((128, 128), value, dtype=np.float32) for value in (5.0, -5.0, -1.0)])
    write_sheet(tmp_path / "sheet.png", red[None], 1)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape == (128 + 2 * GAP, 128 + 2 * GAP, 3)
    assert sheet[60, 60].tolist() == [255, 0, 0]
