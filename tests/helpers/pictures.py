"""Small labelled pictures with known content: three shapes, each its own class, no two alike."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("disc", "ring", "square")


def write_pictures(folder: Path, per_class: int, size: int = 32, seed: int = 0) -> list[Path]:
    """``folder/<class>/<number>.png``, 8-bit grey."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    paths = []
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            y, x = random.uniform(0.35, 0.65, 2) * size
            radius = random.uniform(0.15, 0.3) * size
            distance = np.hypot(rows - y, columns - x)
            shape = {
                "disc": distance < radius,
                "ring": np.abs(distance - radius) < 2,
                "square": np.maximum(abs(rows - y), abs(columns - x)) < radius,
            }[name]
            grey = 40 + 160 * shape + random.normal(0, 6, (size, size))
            paths.append(folder / name / f"{number:03}.png")
            Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8)).save(paths[-1])
    return paths
