"""Pages to image files, in every format that was asked for.

Files are written by a few threads, since encoding and hashing leave the interpreter free; names are given and
results collected in order, so an export is the same whatever the machine. It must not know where pages come from, and
it writes no table: what describes the files is made once all of them are there (``app.worker.export_indexes``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.domain.export import Format
from app.imaging import dicom_writer, nifti_writer, png_writer, tiff_writer
from app.imaging.picture import Page
from app.store.audits import file_sha256
from app.worker.export_layout import SPLIT_FOLDERS, Places
from app.worker.export_pages import Leaving
from app.worker.in_order import in_order


@dataclass(frozen=True, slots=True)
class Expected:
    """A written image file: what it must prove when it is read again, and what tables tell of it.

    Attributes:
        path: relative to the export.
        format: how to read it.
        synthetic: how it must be marked.
        shape: rows and columns (frames first where there are several).
        sha256: of the file right after it was written; "" where nobody took it.
        label, split, patient, number: class name, "train", "validation" or "test", invented patient, and position
            in the export; the same picture has the same number in every format.
        facts: further columns of ``metadata.csv``, by name.
    """

    path: str
    format: Format
    synthetic: bool
    shape: tuple[int, ...]
    sha256: str = ""
    label: str = ""
    split: str = ""
    patient: str = ""
    number: int = 0
    facts: Mapping[str, object] = field(default_factory=dict, hash=False)


def by_picture(files: Iterable[Expected]) -> list[list[Expected]]:
    """Files of one picture in its formats, in the order in which they come.

    Files of one number and format are pictures of their own: slices of a series that leaves as it was acquired.
    """
    found: dict[tuple[bool, int], dict[Format, Expected]] = {}
    alone: list[list[Expected]] = []
    for file in files:
        there = found.setdefault((file.synthetic, file.number), {}) if file.number else {}
        if not file.number or file.format in there:
            alone.append([file])
        else:
            there[file.format] = file
    return [*(list(one.values()) for one in found.values()), *alone]


def write_pages(
    root: Path,
    leaving: Iterable[Leaving],
    formats: Iterable[Format],
    places: Places,
    on_page: Callable[[], None],
    *,
    known: Mapping[str, str] | None = None,
    on_file: Callable[[Expected], None] | None = None,
) -> tuple[list[Expected], dict[str, int]]:
    """Write every page in every format.

    Args:
        root: folder of the export.
        leaving: pages.
        formats: one or more.
        places: where files lie.
        on_page: called after each page, from this thread; may raise to stop.
        known: path to SHA-256 of files that are there already and are not written again (an export that goes on).
        on_file: called after each file, from this thread and in order.

    Returns:
        The files, in the order of the pages, and pages per class.

    Raises:
        OSError: a file cannot be written.
    """
    wanted = tuple(formats)
    there = known or {}
    expected: list[Expected] = []
    counts: Counter[str] = Counter()
    planned = (_planned(one, form, places) for one in leaving for form in wanted)

    def written(task: _Task) -> Expected:
        file, page = task
        return replace(file, sha256=there.get(file.path) or _write(root / file.path, file.format, page))

    for file in in_order(written, _with_folders(root, planned)):
        expected.append(file)
        if on_file is not None:
            on_file(file)
        if file.format is wanted[-1]:
            counts[file.label] += 1
            on_page()
    return expected, dict(counts)


_Task = tuple[Expected, Page]


def _with_folders(root: Path, tasks: Iterable[_Task]) -> Iterator[_Task]:
    made: set[Path] = set()
    for task in tasks:
        folder = (root / task[0].path).parent
        if folder not in made:
            folder.mkdir(parents=True, exist_ok=True)
            made.add(folder)
        yield task


def _planned(one: Leaving, form: Format, places: Places) -> _Task:
    page = one.page
    file = Expected(
        path=places.of_page(form, page, one.split),
        format=form,
        synthetic=page.origin.synthetic,
        shape=page.picture.pixels.shape,
        label=page.picture.label,
        split=SPLIT_FOLDERS[one.split],
        patient=page.identity.patient,
        number=page.identity.number,
        facts=_facts(page),
    )
    return file, page


def _write(path: Path, form: Format, page: Page) -> str:
    _WRITERS[form](path, page)
    return file_sha256(path)


def _write_nifti(path: Path, page: Page) -> None:
    nifti_writer.write(path, page)


_WRITERS: dict[Format, Callable[[Path, Page], None]] = {
    Format.PNG: png_writer.write,
    Format.TIFF: tiff_writer.write,
    Format.DICOM: dicom_writer.write,
    Format.NIFTI: _write_nifti,
}


def _facts(page: Page) -> dict[str, object]:
    """Columns of the tables. Numbers that are no counts are floats everywhere: a column that reads as whole numbers in
    one split and as fractions in another makes readers refuse both.
    """
    picture, origin = page.picture, page.origin
    low, high = picture.window
    row_mm, column_mm = picture.spacing_mm or (None, None)
    return {
        "seed": origin.seed,
        "run": origin.run,
        "samples": origin.samples,
        "checkpoint_sha256": origin.checkpoint_sha256,
        "window_low": float(low),
        "window_high": float(high),
        "unit": picture.unit,
        "row_spacing_mm": None if row_mm is None else float(row_mm),
        "column_spacing_mm": None if column_mm is None else float(column_mm),
        "bits": picture.bits,
    }
