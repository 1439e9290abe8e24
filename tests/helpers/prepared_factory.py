"""Small prepared-array folders with known content, for tests of the models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.data.prepared import AttributeFacts, PreparedFacts, PreparedImages

ATTRIBUTES = (AttributeFacts("scanner", ("A", "B", "C")), AttributeFacts("age", (), 20.0, 80.0))


def four_pictures(size: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Two dark and two light pictures ``(4, 1, size, size)``, each with its own shape, and their labels."""
    images = np.full((4, 1, size, size), -0.8, dtype=np.float32)
    half, quarter = size // 2, size // 4
    images[0, 0, :half] = -0.2
    images[1, 0, :, :half] = -0.2
    images[2, 0, quarter:-quarter] = 0.8
    images[3, 0, :, quarter:-quarter] = 0.8
    return images, np.array([0, 0, 1, 1], dtype=np.int64)


def pictures(count: int, size: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """``count`` noisy blobs; class 1 is brighter and larger than class 0. No two are alike."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    rows, columns = np.mgrid[:size, :size] / size - 0.5
    images = np.empty((count, 1, size, size), dtype=np.float32)
    for image, label in zip(images, labels, strict=True):
        at = random.uniform(-0.2, 0.2, 2)
        wide, high = (0.12 + 0.12 * label) * random.uniform(0.8, 1.2, 2)
        blob = np.exp(-(((rows - at[0]) / high) ** 2) - ((columns - at[1]) / wide) ** 2)
        image[0] = -0.9 + (0.8 + 0.8 * label) * blob + random.normal(0, 0.05, blob.shape)
    return images.clip(-1, 1), labels.astype(np.int64)


def write_prepared(
    folder: Path,
    *,
    size: int = 16,
    train: int = 20,
    val: int = 0,
    test: int = 0,
    classes: tuple[str, ...] = ("dark", "light"),
    patients: int | None = None,
    seed: int = 0,
    channels: int = 1,
    attributes: bool = False,
) -> PreparedImages:
    """A folder of ``pictures``; with one class all are of it, with none all are unlabelled.

    With ``attributes`` a scanner (of three) and an age are known of two images in three.
    """
    count = train + val + test
    images, labels = pictures(count, size, seed)
    labels = np.minimum(labels, len(classes) - 1)
    facts = PreparedFacts(
        classes=classes,
        labels=tuple(labels.tolist()),
        split=("train",) * train + ("val",) * val + ("test",) * test,
        groups=tuple(number % (patients or count) for number in range(count)),
        sources=tuple(f"picture {number}" for number in range(count)),
        recipe={"size": size},
        pixel_spacing_mm=((1.0, 1.0),) * count,
        windows=((0.0, 100.0),) * count,
        attributes=(AttributeFacts("scanner", ("A", "B", "C")), AttributeFacts("age", (), 20.0, 80.0))[
            : 2 * attributes
        ],
        values=tuple(_known(number)[: 2 * attributes] for number in range(count)),
    )
    return PreparedImages.write(folder, images.repeat(channels, axis=1), facts)


def _known(number: int) -> tuple[float | None, ...]:
    return (None, None) if number % 3 == 2 else (float(number % 3), 20.0 + number % 60)
