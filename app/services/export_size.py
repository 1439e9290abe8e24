"""How many files an export will have and how large they will be: upper estimates, from the library alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.domain.cohort import Cohort, Item
from app.domain.errors import BadUsage
from app.domain.export import ExportRequest, Format
from app.domain.recipe import Plane
from app.domain.study import SourceKind
from app.store.library import Library

FILES_A_PICTURE = {Format.PNG: 1, Format.TIFF: 1, Format.DICOM: 1, Format.NIFTI: 2}
CARDS_BYTES = 200_000
"""Cards, tables, descriptions and the manifest, apart from what they say of each file."""
TABLES_BYTES = 1_500
"""What tables and descriptions say of one file."""
HEADER_BYTES = {Format.PNG: 1_600, Format.TIFF: 3_000, Format.DICOM: 4_000, Format.NIFTI: 2_500}
PIXEL_BYTES = {Format.PNG: 2, Format.TIFF: 2, Format.DICOM: 2, Format.NIFTI: 4}
"""Bytes of a pixel; compressed formats stay below."""
SIGNATURE_BYTES = 30_000


@dataclass(frozen=True, slots=True)
class Size:
    """An upper estimate.

    Attributes:
        files: image files and their side-cars; cards and tables are not counted.
        bytes: everything.
    """

    files: int
    bytes: int


def originals(library: Library, cohort: Cohort | None, items: Iterable[Item]) -> dict[str, tuple[str, ...]]:
    """DICOM files that leave as themselves: series to its files.

    Of a native cohort, those whose slices are in it; of one that was cut in another plane, the whole series.
    """
    native = cohort is None or cohort.recipe.plane is Plane.NATIVE
    wanted: dict[str, set[int]] = {}
    for item in items:
        wanted.setdefault(item.series, set()).add(item.index)
    found: dict[str, tuple[str, ...]] = {}
    for key, indices in wanted.items():
        try:
            series = library.series(key)
        except BadUsage:  # removed from the library since
            continue
        if series.kind is SourceKind.DICOM:
            chosen = (one for n, one in enumerate(series.instances) if not native or n in indices)
            found[key] = tuple(dict.fromkeys(one.path for one in chosen))
    return found


def sized(
    request: ExportRequest,
    side: int,
    *,
    pictures: int,
    items: int,
    prepared: int,
    sources: Mapping[str, tuple[str, ...]],
) -> Size:
    """Estimate an export.

    Args:
        request: formats and options.
        side: of a prepared picture, in pixels.
        pictures: synthetic pictures.
        items: real images.
        prepared: those of them that have no DICOM file of their own.
        sources: what ``originals`` found.
    """
    paths = [path for files in sources.values() for path in files]
    files, content = len(paths), sum(_bytes(path) + TABLES_BYTES for path in paths)
    for form in request.formats:
        many = pictures + (prepared if form is Format.DICOM else items)
        files += many * FILES_A_PICTURE[form]
        content += many * (side * side * PIXEL_BYTES[form] + HEADER_BYTES[form] + TABLES_BYTES)
    content += pictures * SIGNATURE_BYTES * (request.signed and Format.PNG in request.formats)
    return Size(files, (content + CARDS_BYTES) * (2 if request.zipped else 1))


def _bytes(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:  # found out, and said, when it is read
        return 0
