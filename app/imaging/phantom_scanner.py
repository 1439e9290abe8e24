"""A small CT scanner: parallel projection, photon and electronic noise, filtered back projection.

Beer-Lambert attenuation at one energy, so Hounsfield units come out calibrated: air at -1000, water at 0. The Radon
transform and its inverse are scikit-image's.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from skimage.transform import iradon, radon

WATER_PER_MM = 0.0193
"""Linear attenuation of water at about 70 keV (NIST XCOM)."""
PHOTONS = 1.6e6
"""Photons of one ray without anything in its way; sets the noise."""
ELECTRONIC = 12.0
"""Standard deviation of the detector's own noise, in photons."""
ANGLES = 128


def scan(hu: NDArray[np.float64], pixel_mm: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """What a scanner makes of a slice: same size, Hounsfield units, with noise, blur and streaks.

    Args:
        hu: ``(size, size)``; everything outside the inscribed circle must be air.
        pixel_mm: pixel spacing.
        rng: source of the noise.
    """
    angles = np.linspace(0.0, 180.0, ANGLES, endpoint=False)
    attenuation = np.maximum(WATER_PER_MM * (1 + hu / 1000), 0.0)
    paths = radon(attenuation, angles, circle=True) * pixel_mm
    counts = rng.poisson(PHOTONS * np.exp(-paths)) + rng.normal(0.0, ELECTRONIC, paths.shape)
    measured = -np.log(np.maximum(counts, 1.0) / PHOTONS)
    found = iradon(measured / pixel_mm, angles, circle=True, filter_name="shepp-logan")
    reconstructed: NDArray[np.float64] = 1000 * (found / WATER_PER_MM - 1)
    return reconstructed
