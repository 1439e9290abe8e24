"""A slice as its file has it: finds the reader for a series, and names the file where it cannot be read any more."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import Failed
from app.domain.study import Series, SourceKind
from app.imaging.content import Frame, SliceImage


def load(series: Series, index: int) -> SliceImage:
    """Slice ``index`` of ``series.instances``, decoded now.

    Raises:
        Failed: ``source-missing`` or ``source-damaged``, with the file's path.
        IndexError: no such slice.
    """
    instance = series.instances[index]
    with _named(instance.path) as path:
        return _load(series.kind, path, instance.index)


def frame(series: Series, index: int) -> Frame:
    """What the header of a slice's file says of it now; no pixel is decoded.

    Raises:
        Failed, IndexError: as ``load``.
    """
    from app.imaging import reader

    instance = series.instances[index]
    with _named(instance.path) as path:
        return reader.look(path).frames[instance.index]


@contextmanager
def _named(name: str) -> Iterator[Path]:
    """Let faults of a source name its file."""
    path = Path(name)
    if not path.is_file():
        raise Failed("source-missing", path=name)
    try:
        yield path
    except Failed as error:
        raise Failed("source-damaged", path=name, detail=error.facts.get("detail")) from error


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
