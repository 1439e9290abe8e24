"""Bytes changed at random: a file ends as a picture or with a sentence, never with another fault."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.domain.errors import Failed
from app.imaging import reader, series, slices
from tests.helpers.dicom_factory import write_series
from tests.helpers.nifti_factory import write_volume


def _whole(folder: Path, kind: str) -> Path:
    pixels = np.random.default_rng(0).integers(0, 255, (32, 32)).astype(np.uint8)
    if kind == "dcm":
        return write_series(folder, positions=[0.0])[0]
    if kind == "nii":
        return write_volume(folder / "x.nii", np.arange(60, dtype=np.int16).reshape(3, 4, 5))
    path = folder / f"x.{kind}"
    Image.fromarray(pixels).save(path)
    return path


def _damaged(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return data[: chance.randrange(1, len(data))]
    changed = bytearray(data)
    for _ in range(chance.choice([1, 4, 20])):
        changed[chance.randrange(min(len(changed), 1500))] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("kind", ["dcm", "nii", "png", "jpg", "tiff"])
def test_a_damaged_file_ends_as_picture_or_with_a_sentence(tmp_path: Path, kind: str) -> None:
    path = _whole(tmp_path, kind)
    data, chance = path.read_bytes(), random.Random(kind)
    outcomes = {"picture": 0, "sentence": 0}
    for _ in range(80):
        path.write_bytes(_damaged(data, chance))
        try:
            one = series.group([reader.read(path)], b"secret")[0].series[0]
            assert slices.load_slice(one, 0).pixels.ndim == 2
            outcomes["picture"] += 1
        except Failed as failed:
            outcomes["sentence"] += str(failed).endswith(".")
    assert sum(outcomes.values()) == 80
    assert outcomes["sentence"] > 5
