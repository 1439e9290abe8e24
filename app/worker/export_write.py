"""Pages to files: class folders per format, with a table of what each image is.

``synthetic/png/<class>/0001.png``, ``real/dicom/<class>/PATIENT-001/0001.dcm``: each ``<kind>/<format>`` is a root
that torchvision's ImageFolder and Hugging Face's imagefolder (through ``metadata.csv``) read as it is. It must not
know where pages come from.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.domain.export import Format
from app.imaging import dicom_writer, nifti_writer, png_writer
from app.imaging.picture import Page
from app.worker.export_pages import Leaving

TABLE = "metadata.csv"
COLUMNS = (
    "file_name",
    "label",
    "synthetic",
    "split",
    "patient",
    "seed",
    "run",
    "samples",
    "checkpoint_sha256",
    "window_low",
    "window_high",
    "unit",
    "row_spacing_mm",
    "column_spacing_mm",
    "bits",
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a written image must prove when it is read again.

    Attributes:
        path: relative to the export.
        format: how to read it.
        synthetic: how it must be marked.
        shape: rows and columns.
    """

    path: str
    format: Format
    synthetic: bool
    shape: tuple[int, int]


def write_pages(
    root: Path,
    leaving: Iterable[Leaving],
    formats: Iterable[Format],
    folders: Mapping[str, str],
    on_page: Callable[[], None],
) -> tuple[list[Expected], dict[str, int]]:
    """Write every page in every format, and one table per root.

    Args:
        root: folder of the export.
        leaving: pages of one kind (all synthetic or all real).
        formats: one or more.
        folders: class name to folder name.
        on_page: called after each page; may raise to stop.

    Returns:
        What to verify, and pages per class.

    Raises:
        OSError: a file cannot be written.
    """
    wanted = tuple(formats)
    expected: list[Expected] = []
    rows: dict[str, list[dict[str, object]]] = {}
    counts: Counter[str] = Counter()
    for one in leaving:
        page = one.page
        counts[page.picture.label] += 1
        kind = "synthetic" if page.origin.synthetic else "real"
        for form in wanted:
            base = f"{kind}/{form}"
            name = _name(form, folders[page.picture.label], page)
            path = root / base / name
            path.parent.mkdir(parents=True, exist_ok=True)
            _WRITERS[form](path, page)
            rows.setdefault(base, []).append(_row(name, one))
            expected.append(Expected(f"{base}/{name}", form, page.origin.synthetic, page.picture.pixels.shape))
        on_page()
    for base, table in rows.items():
        _write_table(root / base / TABLE, table)
    return expected, dict(counts)


def _write_nifti(path: Path, page: Page) -> None:
    nifti_writer.write(path, page)


_WRITERS: dict[Format, Callable[[Path, Page], None]] = {
    Format.PNG: png_writer.write,
    Format.DICOM: dicom_writer.write,
    Format.NIFTI: _write_nifti,
}


def _name(form: Format, folder: str, page: Page) -> str:
    number = f"{page.identity.number:04d}"
    match form:
        case Format.PNG:
            return f"{folder}/{number}.png"
        case Format.DICOM:
            return f"{folder}/{page.identity.patient}/{number}.dcm"
        case Format.NIFTI:
            return f"{folder}/{number}.nii.gz"


def _row(name: str, one: Leaving) -> dict[str, object]:
    picture, origin = one.page.picture, one.page.origin
    row_mm, column_mm = picture.spacing_mm or ("", "")
    values = (
        name,
        picture.label,
        "yes" if origin.synthetic else "no",
        one.split,
        one.page.identity.patient,
        "" if origin.seed is None else origin.seed,
        origin.run,
        origin.samples,
        origin.checkpoint_sha256,
        *picture.window,
        picture.unit,
        row_mm,
        column_mm,
        picture.bits,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _write_table(path: Path, rows: list[dict[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
