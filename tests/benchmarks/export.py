"""How fast an export is written, described and checked, beside the raw limit: the same bytes written and hashed once.

    python tests/benchmarks/export.py [--slices 10000] [--formats png dicom] [--repeats 3] [--side 256]

A slice is a 16-bit phantom. Ours is the whole road from pages to a folder that may get its name: writing, tables,
cards, Croissant, DICOMDIR, manifest, reading every file again, and waiting until all of it is on the disk. The limit
writes files of the same content one after the other, with one SHA-256 each, and waits for the disk as well, since an
export that is lost with the power has not left. The limit without waiting, and the share of every part, only inform.
Ends with 1 where a wanted ratio was missed (0.5: at most twice the time of the limit).
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.deid.leaks import Search
from app.domain.export import ExportRequest, Format
from app.worker.export_landing import settle
from app.worker.export_layout import Places
from app.worker.export_manifest import describe
from app.worker.export_pages import Leaving
from app.worker.export_story import Story
from app.worker.export_verify import verify
from app.worker.export_write import write_pages
from tests.benchmarks.figures import Figure, faster, table
from tests.helpers.leaving import leaving

CLASSES = ("clear", "nodule")
PHANTOMS = 64
"""Different slices; they come again under other numbers, so that memory stays flat."""
IDENTITIES = 200
"""Texts that are searched for in every file, as many as a cohort of a hundred patients has."""
WANTED = 0.5
PARTS = ("write", "describe", "verify", "settle")


@dataclass
class Taken:
    """Seconds of one round, by part."""

    parts: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Add what happens inside to a part."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.parts[name] += time.perf_counter() - began

    def seconds(self, *names: str) -> float:
        """Of some parts together."""
        return sum(self.parts[name] for name in names)


def main(argv: list[str] | None = None) -> int:
    """Measure and print."""
    asked = _arguments(argv)
    phantoms = [leaving(n, CLASSES[n % 2], side=asked.side) for n in range(1, PHANTOMS + 1)]
    figures: list[Figure] = []
    for name in asked.formats:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures += measure(Format(name), phantoms, asked.slices, asked.repeats)
    print(table(figures))
    return int(any(figure.met is False for figure in figures))


def measure(form: Format, phantoms: list[Leaving], slices: int, repeats: int) -> list[Figure]:
    """Medians of ours and of the limits, taken in turn on the same files."""
    rounds: list[Taken] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as place:
            taken = Taken()
            _export(Path(place) / "ours", form, phantoms, slices, taken)
            _limit(Path(place) / "ours", Path(place) / "raw", taken)
            rounds.append(taken)

    def median(*names: str) -> float:
        return statistics.median(one.seconds(*names) for one in rounds)

    title = f"export of {slices:,} {form.upper()} slices"
    ours = median(*PARTS)
    figures = [
        faster(title, slices, (ours, median("raw", "flush")), "write, hash, flush once", WANTED),
        faster(title, slices, (ours, median("raw")), "write and hash once, not flushed", None),
    ]
    for name in PARTS:
        share = f"{median(name) / ours:.0%} of ours"
        figures.append(Figure(f"  {name}", slices / median(name), "", None, None, None, note=share))
    return figures


def _export(root: Path, form: Format, phantoms: list[Leaving], slices: int, taken: Taken) -> None:
    root.mkdir()
    folders = {name: name for name in CLASSES}
    search = Search(f"Patient{n:05d}^Given{n}" for n in range(IDENTITIES))
    with taken.part("write"):
        files, counts = write_pages(root, _pages(phantoms, slices), (form,), Places(folders), lambda: None)
    with taken.part("describe"):
        hashes = describe(root, _story(root, form, counts), files)
    with taken.part("verify"):
        verify(root, files, hashes, search, lambda: None)
    with taken.part("settle"):
        settle(root)


def _limit(source: Path, root: Path, taken: Taken) -> None:
    """The same files in the same folders; they are read beforehand, outside of what is measured."""
    written: list[Path] = []
    for path in sorted(one for one in source.rglob("*") if one.is_file()):
        content, target = path.read_bytes(), root / path.relative_to(source)
        with taken.part("raw"):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            hashlib.sha256(content).hexdigest()
        written.append(target)
    with taken.part("flush"):
        for path in written:
            file = os.open(path, os.O_RDWR)
            os.fsync(file)
            os.close(file)
    shutil.rmtree(root)


def _pages(phantoms: list[Leaving], slices: int) -> Iterator[Leaving]:
    for number in range(1, slices + 1):
        one = phantoms[number % len(phantoms)]
        page, root = one.page, 10_000_000_000
        identity = replace(
            page.identity,
            number=number,
            patient=f"SYNTHETIC-{number:04d}",
            study_uid=f"2.25.{root + number}",
            series_uid=f"2.25.{2 * root + number}",
            instance_uid=f"2.25.{3 * root + number}",
            frame_uid=f"2.25.{4 * root + number}",
        )
        yield Leaving(replace(page, identity=identity, origin=replace(page.origin, seed=number)), "")


def _story(root: Path, form: Format, counts: dict[str, int]) -> Story:
    request = ExportRequest(str(root), "samples-1", None, (form,))
    folders = {name: name for name in CLASSES}
    recipe = {"plane": "native", "window": {"mode": "auto"}, "size": 256, "spacing_mm": None}
    return Story(request, counts, {}, folders, (), {"dicom": 1}, recipe, 1)


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slices", type=int, default=10_000)
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--formats", nargs="+", choices=[form.value for form in Format], default=["png", "dicom"])
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
