"""A slice as its file has it: finds the reader for a series, and names the file where it cannot be read any more."""

from __future__ import annotations

from pathlib import Path

from app.domain.errors import Failed
from app.domain.study import Series, SourceKind
from app.imaging.content import SliceImage


def load(series: Series, index: int) -> SliceImage:
    """Slice ``index`` of ``series.instances``, decoded now.

    Raises:
        Failed: ``source-missing`` or ``source-damaged``, with the file's path.
        IndexError: no such slice.
    """
    instance = series.instances[index]
    path = Path(instance.path)
    if not path.is_file():
        raise Failed("source-missing", path=instance.path)
    try:
        return _load(series.kind, path, instance.index)
    except Failed as error:
        raise Failed("source-damaged", path=instance.path, detail=error.facts.get("detail")) from error


def _load(kind: SourceKind, path: Path, index: int) -> SliceImage:
    if kind is SourceKind.IMAGE:
        from app.imaging import image_reader

        return image_reader.load(path, index)
    if kind is SourceKind.NIFTI:
        from app.imaging import nifti_reader

        return nifti_reader.load(path, index)
    if kind is SourceKind.VOLUME:
        from app.imaging import volume_reader

        return volume_reader.load(path, index)
    from app.imaging import dicom_reader

    return dicom_reader.load(path, index)
