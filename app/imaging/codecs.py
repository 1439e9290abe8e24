"""Which compressed DICOM images this installation can decode."""

from __future__ import annotations

from pydicom import uid
from pydicom.pixels.decoders.base import get_decoder

_TRANSFER_SYNTAXES = {
    "JPEG baseline": uid.JPEGBaseline8Bit,
    "JPEG lossless": uid.JPEGLosslessSV1,
    "JPEG-LS": uid.JPEGLSLossless,
    "JPEG 2000": uid.JPEG2000Lossless,
    "High-throughput JPEG 2000": uid.HTJ2KLossless,
    "RLE": uid.RLELossless,
}


def decodable() -> dict[str, bool]:
    """Name of each compression in use to whether it can be decoded here."""
    return {name: get_decoder(syntax).is_available for name, syntax in _TRANSFER_SYNTAXES.items()}
