"""How soon a library of 100,000 images is open, how soon a search answers, and what memory it takes.

Two libraries are made through the program's own doors, with headers of realistic length: 600 series of about 167
slices, and 20,000 single pictures beside them in a second project. Each measurement is a fresh process that opens the
project as the window does: database, list, filters, first order; then words are typed into the search.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.figures import Figure

SERIES, IMAGES, PICTURES = 600, 100_000, 20_000
SERIES_A_STUDY = 3
BATCH = 500
"""Studies that are written together."""
OPEN_S, SEARCH_S = 1.0, 0.1
WORDS = ("a", "ab", "abdo", "abdomen", "study 17 thin", "chest 1.25", "nothing is called so")
KINDS = (("CT", "ABDOMEN", "Abdomen thin 1.25"), ("MR", "HEAD", "T1 mprage"), ("CT", "CHEST", "Chest lung 2.0"))


@dataclass(frozen=True)
class Measured:
    """Medians over fresh processes: seconds to open, slowest search in seconds, MiB more than an empty project."""

    open_s: float
    search_s: float
    memory_mib: float


def measure(repeats: int) -> list[Figure]:
    """Make both libraries and open them; the limits are those of the window's promise."""
    with tempfile.TemporaryDirectory(prefix="understudy-library-") as folder:
        root = Path(folder)
        large, small = root / "series", root / "pictures"
        _fill(root / "empty", iter(()))
        _fill(large, _series_studies())
        _fill(small, _picture_studies())
        return [
            *_figures(f"library of {IMAGES:,} images in {SERIES} series", _median(large, root / "empty", repeats)),
            *_figures(f"library of {PICTURES:,} single pictures", _median(small, root / "empty", repeats)),
        ]


def _figures(name: str, found: Measured) -> list[Figure]:
    return [
        Figure(f"{name}: open", found.open_s, "limit", OPEN_S, OPEN_S / found.open_s, 1.0, "s"),
        Figure(f"{name}: slowest search", found.search_s, "limit", SEARCH_S, SEARCH_S / found.search_s, 1.0, "s"),
        Figure(f"{name}: memory", found.memory_mib, "an empty project", 0.0, None, None, "MiB", "resident, more than"),
    ]


def _median(project: Path, empty: Path, repeats: int) -> Measured:
    runs = [_in_a_fresh_process(project) for _ in range(repeats)]
    bare = [_in_a_fresh_process(empty)["resident"] for _ in range(3)]
    return Measured(
        statistics.median(one["open_s"] for one in runs),
        statistics.median(one["search_s"] for one in runs),
        (statistics.median(one["resident"] for one in runs) - statistics.median(bare)) / 2**20,
    )


def _in_a_fresh_process(project: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, str(project)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _open_and_search(project: Path) -> dict[str, float]:
    """What the window does with a project, without its widgets (they draw the visible lines only)."""
    import psutil

    from app import compose
    from app.ui.view_models.library import stock
    from app.ui.view_models.library_filter import Wanted, facets, listed

    began = time.perf_counter()
    services = compose.open_project(project)
    shelf = stock(services.catalogue.lines(), services.catalogue.quarantined())
    facets(shelf)
    listed(shelf, Wanted())
    services.catalogue.counts()
    opened = time.perf_counter() - began
    slowest = 0.0
    for text in WORDS:
        began = time.perf_counter()
        listed(shelf, Wanted(text=text))
        slowest = max(slowest, time.perf_counter() - began)
    resident = psutil.Process().memory_info().rss
    services.close(0)
    return {"open_s": opened, "search_s": slowest, "resident": resident}


def _fill(project: Path, studies: Iterator[tuple[Any, list[Any]]]) -> None:
    from app.store.files import Files
    from app.store.library import Library
    from app.store.project import Project

    made = Project.create(project)
    try:
        files, library = Files(made), Library(made)
        while batch := list(islice(studies, BATCH)):
            files.put(row for _, rows in batch for row in rows)
            library.replace_studies((study, ()) for study, _ in batch)
            files.checked({row.path: f"{hash(row.path) & (2**64 - 1):064x}" for _, rows in batch for row in rows})
    finally:
        made.close()


def _series_studies() -> Iterator[tuple[Any, list[Any]]]:
    for number in range(SERIES // SERIES_A_STUDY):
        members = range(number * SERIES_A_STUDY, (number + 1) * SERIES_A_STUDY)
        contents = [content for one in members for content in _slices(number, one)]
        yield _assembled(f"study-{number:04d}", contents)


def _slices(study: int, series: int) -> Iterator[Any]:
    from app.domain.study import SourceKind
    from app.imaging.content import FileContent, Frame

    modality, part, description = KINDS[series % len(KINDS)]
    for number in range(IMAGES // SERIES + (series < IMAGES % SERIES)):
        place = (-180.5, -201.25, 1.25 * number)
        frame = Frame(
            0, 512, 512, place, (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (0.703125, 0.703125), number, (("Time", "1"),)
        )
        yield FileContent(
            path=Path(f"/archive/ward 7/study {study:04d}/series {series:05d}/IM{number:06d}.dcm"),
            kind=SourceKind.DICOM,
            frames=(frame,),
            unit="HU" if modality == "CT" else "stored",
            bits=12,
            sop_instance_uid=f"1.2.826.0.1.3680043.8.498.{series:06d}.{number:06d}.10203040506070809",
            study_uid=f"1.2.826.0.1.3680043.8.498.{study:06d}.1020304050607080910",
            series_uid=f"1.2.826.0.1.3680043.8.498.{series:06d}.1020304050607080911",
            date=f"20{10 + study % 15}-{1 + study % 12:02d}-{1 + study % 28:02d}",
            study_description=f"Study {study} {part.lower()}",
            description=description,
            modality=modality,
            variant=("ORIGINAL", "PRIMARY", "AXIAL"),
            tags={**_TAGS, "Modality": modality, "BodyPartExamined": part},
            frame_of_reference_uid=f"1.2.826.0.1.3680043.8.498.{study:06d}.1020304050607080912",
        )


_TAGS = {
    "Manufacturer": "Maker of scanners",
    "ManufacturerModelName": "Model 64",
    "SliceThickness": "1.25",
    "KVP": "120",
    "ConvolutionKernel": "STANDARD",
    "ProtocolName": "Routine with contrast",
    "ImageType": "ORIGINAL\\PRIMARY\\AXIAL",
    "PatientPosition": "HFS",
}


def _picture_studies() -> Iterator[tuple[Any, list[Any]]]:
    from app.domain.study import SourceKind
    from app.imaging.content import FileContent, Frame

    for number in range(PICTURES):
        path = Path(f"/pictures/chest/class {number % 7}/patient{number // 3:05d}_{number:06d}.png")
        yield _assembled(
            f"picture-{number:06d}", [FileContent(path, SourceKind.IMAGE, (Frame(0, 1024, 1024),), "stored", 8)]
        )


def _assembled(key: str, contents: list[Any]) -> tuple[Any, list[Any]]:
    from app.imaging import series
    from app.store.files import FileRow

    patient = f"{hash(key) & (2**64 - 1):032x}"
    rows = [
        FileRow(str(c.path), key, patient, True, "", c.sop_instance_uid, 526_000, 10**18, c.to_facts())
        for c in contents
    ]
    return series.assemble(key, patient, True, contents, b"a secret of the benchmark"), rows


if __name__ == "__main__":
    print(json.dumps(_open_and_search(Path(sys.argv[1]))))
