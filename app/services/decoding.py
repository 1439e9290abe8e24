"""Slices for showing, each decoded where it is safe: what a foreign codec decodes, in a process that may be lost.

Plain DICOM files, NIfTI and ordinary pictures are read in this process, which is quicker. It must not know the
library: it is handed series.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.errors import Failed
from app.domain.study import Series, SourceKind

if TYPE_CHECKING:
    from app.imaging.content import SliceImage
    from app.imaging.stack import OnSlice
    from app.imaging.volume import Volume
    from app.jobs.decoders import Decoders

KEPT_ANSWERS = 256
"""Files of which it is remembered how they are coded."""


class Decoding:
    """Reads slices and volumes; its processes start with the first file that needs one. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decoders: Decoders | None = None
        self._foreign: OrderedDict[str, bool] = OrderedDict()
        self._closed = False

    def slice(self, series: Series, index: int) -> SliceImage:
        """Slice ``index`` of ``series.instances``.

        Raises:
            Failed: ``source-missing`` or ``source-damaged``, with the file's path.
            Stopped: the project was closed.
            IndexError: no such slice.
        """
        from app.imaging import native

        if index < 0:
            raise IndexError(index)
        instance = series.instances[index]
        path = Path(instance.path)
        if not path.is_file() or not self._is_foreign(series.kind, path):
            return native.load(series, index)
        try:
            return self._pool().slice(series.kind, path, instance.index)
        except Failed as error:
            detail = error.facts.get("detail") or str(error)
            raise Failed("source-damaged", path=instance.path, detail=detail) from error

    def volume(self, series: Series, on_slice: OnSlice | None = None) -> Volume:
        """The series as a volume; the last few are kept (see ``app.imaging.volume.load``).

        Raises:
            Refused: ``plane-unavailable``.
            Failed, Stopped: as ``slice``.
        """
        from app.imaging import volume

        return volume.load(series, slice_of=lambda index: self.slice(series, index), on_slice=on_slice)

    def close(self) -> None:
        """End the processes; who waits for a slice gets ``Stopped``."""
        with self._lock:
            self._closed = True
            decoders = self._decoders
        if decoders is not None:
            decoders.close()

    def _pool(self) -> Decoders:
        from app.jobs.decoders import Decoders

        with self._lock:
            if self._decoders is None:
                self._decoders = Decoders()
                if self._closed:
                    self._decoders.close()
            return self._decoders

    def _is_foreign(self, kind: SourceKind, path: Path) -> bool:
        if kind is not SourceKind.DICOM:
            return kind is SourceKind.VOLUME
        known = self._foreign.get(str(path))
        if known is None:
            known = _is_coded(path)
            with self._lock:
                self._foreign[str(path)] = known
                while len(self._foreign) > KEPT_ANSWERS:
                    self._foreign.popitem(last=False)
        return known


def _is_coded(path: Path) -> bool:
    """Whether a DICOM file's pixels are compressed, or its header is an odd one that pydicom has to read."""
    from app.imaging import dicom_header

    try:
        header = dicom_header.read(path)
    except OSError as error:
        raise Failed("source-damaged", path=str(path), detail=error.strerror or str(error)) from error
    return header is None or header.pixels == dicom_header.UNDEFINED
