"""Header facts without files: for tests of what belongs together, in microseconds instead of milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.study import SourceKind, Study
from app.imaging import series
from app.imaging.content import FileContent, Frame

SECRET = b"a project's secret"
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
SAGITTAL = (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)

_PLACED: dict[tuple[float, ...], Callable[[float], tuple[float, float, float]]] = {
    AXIAL: lambda at: (-100.0, -90.0, at),
    CORONAL: lambda at: (-100.0, at, 90.0),
    SAGITTAL: lambda at: (at, -90.0, 90.0),
}


def slices_at(positions: Sequence[float], name: str = "a", *, first: int = 1, **changes: Any) -> list[FileContent]:
    """One file a position, numbered from ``first``; ``changes`` are of the file or, by name, of its frame."""
    found = []
    for number, position in enumerate(positions, first):
        frame = Frame(0, 64, 64, None, AXIAL, (0.8, 0.8), float(number))
        of_frame = {key: value for key, value in changes.items() if key in Frame.__slots__}
        frame = replace(frame, **of_frame)
        frame = replace(frame, position=_PLACED.get(frame.orientation, _PLACED[AXIAL])(position))
        of_file = {key: value for key, value in changes.items() if key not in of_frame}
        content = FileContent(
            path=Path(f"/images/{name}/{number:04d}.dcm"),
            kind=SourceKind.DICOM,
            frames=(frame,),
            unit="HU",
            bits=12,
            sop_instance_uid=f"1.2.{name}.{number}",
            study_uid="1.2",
            series_uid="1.2.3",
            modality="CT",
            variant=("", "", "ORIGINAL\\PRIMARY\\AXIAL", "B30", ""),
            frame_of_reference_uid="1.2.9",
        )
        found.append(replace(content, **of_file))
    return found


def told(contents: Sequence[FileContent], *pairs: tuple[str, object]) -> list[FileContent]:
    """The files with moments: ``pairs`` of attribute and value, or of attribute and a function of the file's number."""
    found = []
    for content in contents:
        frame = content.frames[0]
        more = tuple((name, str(value(int(frame.order)) if callable(value) else value)) for name, value in pairs)
        found.append(replace(content, frames=(replace(frame, moments=(*frame.moments, *more)),)))
    return found


def assembled(contents: Sequence[FileContent]) -> Study:
    """The study of the files."""
    return series.assemble("study", "patient", True, contents, SECRET)


def counts(contents: Sequence[FileContent]) -> list[int]:
    """Slices of each series that the files make, fewest first."""
    return sorted(len(one.instances) for one in assembled(contents).series)
