"""The nearest training image of an image, and the rule by which it counts as a suspected copy.

A generated image is suspect when it lies nearer to a training image than any image of reference does that no model
ever saw. Distances are root mean square differences of standardised pixels, the smaller of an image and its mirror
image: brightness and contrast do not hide a copy. It knows arrays only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.data.prepared import PreparedImages

Reference = Literal["held-out", "other patients", "neighbouring slices"]
Images = NDArray[np.floating[Any]]
DRAWS = 5
BLOCK = 256
"""Images compared at once; bounds the memory of the distance table."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """For each image the position of its nearest training image (in the training split's order) and the distance."""

    index: NDArray[np.int64]
    distance: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CopyRule:
    """Below ``threshold`` an image is a suspected copy.

    Attributes:
        threshold: the smallest distance of a reference image to a training image.
        reference: what was compared: held-out images, training images of other patients, or (for one patient only)
            the other slices of the same patient, which makes the rule lenient.
        n: how many reference images.
    """

    threshold: float
    reference: Reference
    n: int


class CopyCheck:
    """Finds the nearest training images of a prepared cohort and applies its copy rule."""

    def __init__(self, data: PreparedImages) -> None:
        self.train = data.subset("train")
        self._rows = standardised(data.images(self.train))
        self.rule = self._rule(data)

    def nearest(self, images: Images) -> Neighbours:
        """Nearest training image of each of ``images`` ``(n, C, H, W)``.

        Raises:
            ValueError: there are no training images.
        """
        if not len(self._rows):
            raise ValueError("there are no training images to compare with")
        return nearest(images, self._rows)

    def suspects(self, found: Neighbours) -> NDArray[np.bool_]:
        """Which of the images looked up are suspected copies; all False where nothing can be compared."""
        if self.rule is None:
            return np.zeros(len(found.index), dtype=np.bool_)
        return np.asarray(found.distance < self.rule.threshold)

    def _rule(self, data: PreparedImages) -> CopyRule | None:
        held = np.concatenate([data.subset("val"), data.subset("test")])
        if len(held) and len(self._rows):
            distances = nearest(data.images(held), self._rows).distance
            return CopyRule(float(distances.min()), "held-out", len(held))
        if len(self._rows) < 2:
            return None
        groups = data.groups[self.train]
        several = len(np.unique(groups)) > 1
        apart = groups if several else np.arange(len(groups))
        distances = nearest(data.images(self.train), self._rows, own=apart, of=apart).distance
        return CopyRule(float(distances.min()), "other patients" if several else "neighbouring slices", len(groups))


def standardised(images: Images) -> NDArray[np.float32]:
    """``(n, C, H, W)`` to ``(n, C H W)`` rows of mean 0 and deviation 1; a flat image becomes zeros."""
    rows = np.ascontiguousarray(images, dtype=np.float32).reshape(len(images), -1)
    rows = rows - rows.mean(axis=1, keepdims=True)
    spread = rows.std(axis=1, keepdims=True)
    return np.asarray(rows / np.where(spread < 1e-6, 1.0, spread), dtype=np.float32)


def nearest(
    images: Images,
    rows: NDArray[np.float32],
    *,
    own: NDArray[np.int64] | None = None,
    of: NDArray[np.int64] | None = None,
) -> Neighbours:
    """Nearest of the standardised ``rows`` for each image, over the image and its mirror image.

    ``own`` (one number per image) and ``of`` (one per row), where given, forbid pairs with the same number.
    """
    index = np.zeros(len(images), dtype=np.int64)
    squared = np.full(len(images), np.inf)
    norms = np.square(rows).sum(axis=1)
    for start in range(0, len(images), BLOCK):
        part = slice(start, start + BLOCK)
        for turned in (images[part], images[part][..., ::-1]):
            asked = standardised(turned)
            table = np.square(asked).sum(axis=1)[:, None] + norms - 2.0 * (asked @ rows.T)
            if own is not None and of is not None:
                table[own[part][:, None] == of] = np.inf
            at = table.argmin(axis=1)
            value = table[np.arange(len(at)), at].astype(np.float64)
            closer = value < squared[part]
            index[part] = np.where(closer, at, index[part])
            squared[part] = np.where(closer, value, squared[part])
    return Neighbours(index, np.sqrt(np.maximum(squared, 0.0) / rows.shape[1]))


def nearer_shares(
    probes: Sequence[Images], known: NDArray[np.float32], unseen: NDArray[np.float32], random: np.random.Generator
) -> list[float]:
    """Of each set of images, the share that lies nearer to the ``known`` rows than to as many ``unseen`` ones.

    Half of the images of a generator that learnt the population rather than its training images do. The larger side
    is drawn from anew ``DRAWS`` times.
    """
    count = min(len(known), len(unseen))
    totals = np.zeros(len(probes))
    for _ in range(DRAWS):
        rows = known[random.permutation(len(known))[:count]], unseen[random.permutation(len(unseen))[:count]]
        for number, images in enumerate(probes):
            to_known, to_unseen = (nearest(images, side).distance for side in rows)
            totals[number] += float((to_known < to_unseen).mean())
    return [float(total) for total in totals / DRAWS]
