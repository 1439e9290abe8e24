"""The Frechet distance between two sets of features, each taken as one Gaussian.

Plain and unshrunk (Heusel et al. 2017), by eigenvalues rather than a general matrix root, which needs no imaginary
parts cut off. It falls with the number of images, so it is only ever compared with a floor of the same number.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.float64]


def frechet_distance(first: Features, second: Features) -> float:
    """Squared Frechet distance of two feature tables ``(n, d)`` and ``(m, d)``.

    Raises:
        ValueError: fewer than two rows in one of them.
    """
    if len(first) < 2 or len(second) < 2:
        raise ValueError("a Frechet distance needs at least two images on each side")
    apart = float(np.square(first.mean(axis=0) - second.mean(axis=0)).sum())
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ two @ root), 0.0)).sum()
    return max(0.0, apart + float(np.trace(one) + np.trace(two) - 2.0 * shared))
