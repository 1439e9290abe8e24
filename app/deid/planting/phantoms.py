"""Phantom images of several modalities for the de-identification self-test: technical headers, nobody's identity.

The pixels come from the sample project's invented anatomy. Every header carries what its object definition (PS3.3,
annex A) asks for and the acquisition values that researchers use, so that removing too much is seen as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import uid
from pydicom.dataset import Dataset
from scipy.ndimage import gaussian_filter

from app.deid.planting import modalities
from app.deid.planting.modalities import FIELD_MM, SIZE
from app.imaging import phantom_anatomy, phantom_scanner
from app.imaging.phantom_anatomy import Lesion

Pixels = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        modality: value of Modality (0008,0060).
        sop_class: its SOP Class UID.
        pixels: makes stored values of a slice in Hounsfield units.
        header: makes its technical attributes by keyword.
        letters: stored value of letters burned into it; 0 where such objects carry none.
    """

    modality: str
    sop_class: uid.UID
    pixels: Callable[[NDArray[np.float64]], Pixels]
    header: Callable[[], dict[str, Any]]
    letters: int = 0


def phantom(kind: Kind, seed: int) -> Dataset:
    """A data set with pixels and technical attributes, without patient, dates and UIDs of instances."""
    stored = kind.pixels(_scanned(seed))
    dataset = Dataset()
    dataset.SOPClassUID = kind.sop_class
    dataset.Modality = kind.modality
    for keyword, value in {**_pixel_module(stored), **kind.header()}.items():
        setattr(dataset, keyword, value)
    dataset.PixelData = stored.tobytes()
    dataset["PixelData"].VR = "OB" if stored.dtype == np.uint8 else "OW"
    return dataset


@cache
def _scanned(seed: int) -> NDArray[np.float64]:
    """A slice as a scanner shows it: without noise and blur, organs would have edges like letters."""
    patient = phantom_anatomy.invent(seed, Lesion.SOLID)
    hu = phantom_anatomy.slice_hu(patient, 0.0, SIZE, FIELD_MM / SIZE)
    return phantom_scanner.scan(hu, FIELD_MM / SIZE, np.random.default_rng(seed))


def _pixel_module(stored: Pixels) -> dict[str, Any]:
    """Image Pixel module (PS3.3 C.7.6.3): 8 or 16 bits allocated, of the latter 12 used."""
    bits = 8 if stored.dtype == np.uint8 else 12
    record: dict[str, Any] = {
        "SamplesPerPixel": 3 if stored.ndim == 3 else 1,
        "PhotometricInterpretation": "RGB" if stored.ndim == 3 else "MONOCHROME2",
        "Rows": SIZE,
        "Columns": SIZE,
        "BitsAllocated": 8 * stored.itemsize,
        "BitsStored": bits,
        "HighBit": bits - 1,
        "PixelRepresentation": 0,
        "LossyImageCompression": "00",
    }
    return record | ({"PlanarConfiguration": 0} if stored.ndim == 3 else {})


def _ct_pixels(hu: NDArray[np.float64]) -> Pixels:
    stored: Pixels = np.clip(np.rint(hu) + 1024, 0, 4095).astype(np.uint16)
    return stored


def _soft_pixels(hu: NDArray[np.float64]) -> Pixels:
    stored: Pixels = np.clip((np.maximum(hu, -150) + 150) * 6, 0, 3000).astype(np.uint16)
    return stored


def _uptake_pixels(hu: NDArray[np.float64]) -> Pixels:
    uptake: NDArray[np.float64] = gaussian_filter(np.clip(hu, 0, 200), 3.0)
    stored: Pixels = (uptake * 12).astype(np.uint16)
    return stored


def _grey_pixels(hu: NDArray[np.float64]) -> Pixels:
    stored: Pixels = np.clip((hu + 150) * 0.55, 0, 200).astype(np.uint8)
    return stored


def _colour_pixels(hu: NDArray[np.float64]) -> Pixels:
    stored: Pixels = np.repeat(_grey_pixels(hu)[..., None], 3, axis=2).astype(np.uint8)
    return stored


KINDS: tuple[Kind, ...] = (
    Kind("CT", uid.CTImageStorage, _ct_pixels, modalities.ct),
    Kind("MR", uid.MRImageStorage, _soft_pixels, modalities.mr),
    Kind("CR", uid.ComputedRadiographyImageStorage, _soft_pixels, modalities.cr, letters=4095),
    Kind("DX", uid.DigitalXRayImageStorageForPresentation, _soft_pixels, modalities.dx, letters=4095),
    Kind("US", uid.UltrasoundImageStorage, _colour_pixels, modalities.us, letters=255),
    Kind("PT", uid.PositronEmissionTomographyImageStorage, _uptake_pixels, modalities.pet),
    Kind("OT", uid.SecondaryCaptureImageStorage, _grey_pixels, modalities.sc, letters=255),
    Kind("MG", uid.DigitalMammographyXRayImageStorageForPresentation, _soft_pixels, modalities.mg),
)
"""The kinds of objects that are planted."""
