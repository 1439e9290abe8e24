"""The real labelled set beside the project, as prepared arrays for benchmarks and tests that need real anatomy.

Read in place; nothing of it is kept but a cache that the caller places and throws away.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from models.data.prepared import PreparedFacts, PreparedImages

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "data" / "brain_tumor_mri"
ABSENT = f"the real images are not at {FOLDER}"


def present() -> bool:
    """Whether the set lies beside the project."""
    return (FOLDER / "split.csv").is_file()


def prepare(folder: Path, size: int, train_images: int | None = None) -> PreparedImages:
    """The train, val and test images at ``size`` pixels, written to ``folder``.

    With ``train_images`` only so many are learnt from, spread evenly over the classes; val and test stay whole.

    Patients are not known; the split was cut patient-wise, so every image counts as its own group.
    """
    with (FOLDER / "split.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["split"] in ("train", "val", "test")]
    classes = tuple(sorted({row["label"] for row in rows}))
    if train_images is not None:
        rows = _fewer(rows, -(-train_images // len(classes)))
    images = np.stack([_read(FOLDER / row["file"], size) for row in rows])
    count = len(rows)
    facts = PreparedFacts(
        classes=classes,
        labels=tuple(classes.index(row["label"]) for row in rows),
        split=tuple(row["split"] for row in rows),
        groups=tuple(range(count)),
        sources=tuple(row["file"] for row in rows),
        recipe={"size": size, "window": [0, 255], "from": "brain_tumor_mri"},
        pixel_spacing_mm=(None,) * count,
        windows=((0.0, 255.0),) * count,
    )
    return PreparedImages.write(folder, images, facts)


def _fewer(rows: list[dict[str, str]], of_each: int) -> list[dict[str, str]]:
    """At most ``of_each`` training images of each class, evenly spread; all others."""
    kept = [row for row in rows if row["split"] != "train"]
    for label in sorted({row["label"] for row in rows}):
        mine = [row for row in rows if row["split"] == "train" and row["label"] == label]
        kept += [mine[n] for n in np.linspace(0, len(mine) - 1, min(of_each, len(mine))).round().astype(int)]
    return kept


def _read(path: Path, size: int) -> np.ndarray:
    with Image.open(path) as image:
        pixels = image.convert("F").resize((size, size), Image.Resampling.BOX)
    return (np.asarray(pixels, dtype=np.float32) / 127.5 - 1.0)[None]
