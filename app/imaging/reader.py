"""One door for every file: finds out what it is and hands it to the reader of its format.

What a file is, its first bytes say, never its name alone (NIfTI is the exception: gzip says nothing of its inside).
"""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import Failed
from app.imaging import image_reader
from app.imaging.content import FileContent

__all__ = ["FileContent", "read"]

_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x08")
"""How a DICOM file without its prefix begins: group 0002 or 0008, the latter in either byte order."""


def read(path: Path) -> FileContent:
    """Decode every slice of the file once and describe it; the file is only read.

    Raises:
        Failed: ``not-an-image``, ``damaged-file``, ``no-pixels``, ``unsupported-kind``, ``nifti-voxels``,
            ``nifti-shape`` or ``unreadable``.
    """
    try:
        with path.open("rb") as stream:
            head = stream.read(352)
    except OSError as error:
        raise Failed("unreadable", path=str(path), detail=error.strerror or str(error)) from error
    if not head:
        raise Failed("damaged-file", detail="it is empty")
    is_dicom = head[128:132] == b"DICM"  # first: a DICOM file may be a TIFF at the same time (PS3.10 7.1)
    if not is_dicom and image_reader.is_picture(head):
        return image_reader.read(path)
    if not is_dicom and (path.name.lower().endswith((".nii", ".nii.gz")) or head[344:348] == b"n+1\x00"):
        from app.imaging import nifti_reader

        return nifti_reader.read(path)
    if not is_dicom and not head.startswith(_FIRST_GROUPS):
        raise Failed("not-an-image")  # before a film of many gigabytes is read to the end
    from app.imaging import dicom_reader

    return dicom_reader.read(path)
