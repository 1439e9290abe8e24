"""Pictures as TIFF 6.0: 16-bit grey where the sources had more than 8 bits, and marked in the file itself.

It knows pixels and tags, and must not know folders, classes or exports.
"""

from __future__ import annotations

from pathlib import Path

from PIL.TiffImagePlugin import IFDRational, ImageFileDirectory_v2

from app.imaging import marking, xmp
from app.imaging.picture import Page
from app.imaging.raster import raster

DESCRIPTION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT, SOFTWARE, XMP = 270, 282, 283, 296, 305, 700
"""Tags (TIFF 6.0, section 8; XMP: ISO 16684-3)."""

NO_UNIT, CENTIMETRE = 1, 3
BYTE = 1
MICROMETRES = 10_000
"""Micrometres in a centimetre."""


def write(path: Path, page: Page) -> None:
    """Write one grey or colour TIFF, compressed without loss, whose black and white are the ends of the window.

    ``ImageDescription`` holds the facts of ``marking`` as ASCII JSON; where the spacing is known, resolution is given
    in pixels a centimetre. No time is written: equal pages are equal files.

    Raises:
        OSError: the file cannot be written.
    """
    raster(page.picture).save(path, format="TIFF", compression="tiff_adobe_deflate", tiffinfo=_tags(page))


def _tags(page: Page) -> ImageFileDirectory_v2:
    tags = ImageFileDirectory_v2()
    tags[DESCRIPTION] = marking.comment(page)
    tags[SOFTWARE] = page.origin.program
    tags.tagtype[XMP] = BYTE
    tags[XMP] = xmp.packet(page).encode()
    spacing = page.picture.spacing_mm
    tags[RESOLUTION_UNIT] = CENTIMETRE if spacing else NO_UNIT
    for tag, part in ((Y_RESOLUTION, 0), (X_RESOLUTION, 1)):
        tags[tag] = IFDRational(MICROMETRES, max(1, round(spacing[part] * 1000))) if spacing else IFDRational(1, 1)
    return tags
