"""The single pictures beside a sign-off sheet: as they will leave."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from app.worker import export_contact


def test_what_is_blacked_out_is_black_and_said_in_the_name(tmp_path: Path) -> None:
    levels = np.full((4, 6), 0.5, np.float32)
    hidden = np.zeros((4, 6), np.bool_)
    hidden[:2] = True
    export_contact.save(tmp_path, "real", [(levels, hidden), (levels, np.zeros_like(hidden)), (levels, None)])
    folder = tmp_path / export_contact.FOLDER
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["real-000-covered.png", "real-001.png", "real-002.png"]
    covered, whole = (np.asarray(Image.open(folder / name)) for name in names[:2])
    assert covered.dtype == np.uint8
    assert (covered[:2] == 0).all()
    assert (covered[2:] == 128).all()
    assert (whole == 128).all()


def test_a_large_picture_is_made_small_and_values_stay_in_range(tmp_path: Path) -> None:
    export_contact.save(
        tmp_path, "synthetic", [(np.linspace(-1, 2, 1024 * 600, dtype=np.float32).reshape(1024, 600), None)]
    )
    (path,) = (tmp_path / export_contact.FOLDER).iterdir()
    with Image.open(path) as picture:
        assert max(picture.size) == export_contact.LARGEST
        assert picture.getextrema() == (0, 255)
