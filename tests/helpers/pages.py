"""Pages for the writers' tests: small pictures with known values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from app.imaging.picture import Identity, Origin, Page, Picture

SYNTHETIC = Origin(True, "Understudy 0.1.0", "0.1.0", "run-1", "samples-1", "ab" * 32, 7)
REAL = Origin(False, "Understudy 0.1.0", "0.1.0")
IDENTITY = Identity(1, "SYNTHETIC-0001", "2.25.101", "2.25.102", "2.25.103", "2.25.104")


def ct_page(**changes: Any) -> Page:
    """A 6 by 4 slice whose values run evenly from -160 to 240 HU; ``changes`` are fields of ``Picture``."""
    pixels = np.linspace(-160, 240, 24, dtype=np.float32).reshape(6, 4)
    picture = Picture(pixels, (-160.0, 240.0), "glioma é", "CT", "HU", 12, (0.7, 0.9))
    return Page(replace(picture, **changes), IDENTITY, SYNTHETIC)


def real(page: Page) -> Page:
    """The same page as a real image's."""
    return replace(page, origin=REAL, identity=replace(page.identity, patient="PATIENT-001"))


def colour_page(**changes: Any) -> Page:
    """A 5 by 3 picture of evenly changing colours, whose stored values are its levels (an odd number of bytes)."""
    pixels = np.arange(45, dtype=np.float32).reshape(5, 3, 3) * 5
    plain = {"modality": "", "unit": "stored", "bits": 8, "window": (0.0, 255.0), "pixels": pixels}
    return ct_page(**{**plain, **changes})


def another(page: Page, number: int, **changes: Any) -> Page:
    """One more picture of the same study, with a number and an instance of its own; ``changes`` are of ``Identity``."""
    own = {"number": number, "instance_uid": f"2.25.10300{number}", **changes}
    return replace(page, identity=replace(page.identity, **own))
