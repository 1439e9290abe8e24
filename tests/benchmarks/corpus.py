"""Every file of pydicom's test set and of the shared data: shown, or set aside with a reason, beside what pydicom says.

``python -m tests.benchmarks.corpus`` prints a table by transfer syntax and kind, and one line for each file that is
set aside. Files are decoded in the program's own decoding processes, so a crash costs one line.
"""

from __future__ import annotations

import argparse
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from app.domain.errors import Failed
from app.imaging import reader
from app.imaging.content import DECODE_FAULTS
from app.jobs.decoders import Decoders
from tests.helpers.real_data import REAL_DATA

SHOWN = "shown"
NOT_IMAGES = frozenset({".csv", ".md", ".json", ".txt", ".py", ".pyc", ".ipynb"})


@dataclass(frozen=True)
class Row:
    """What became of one file.

    Attributes:
        path: the file.
        kind: its format, for DICOM its modality and coding.
        outcome: ``SHOWN``, or the code by which it is set aside.
        reason: the sentence that the person reads; "" where it is shown.
        peer: what pydicom makes of it: "pixels", "no pixels", the name of its error, or "" for other formats.
    """

    path: Path
    kind: str
    outcome: str
    reason: str
    peer: str


def files() -> Iterator[Path]:
    """The files of pydicom's wheel, and all of the shared data except most of its uniform sets."""
    folder = Path(pydicom.__file__).parent / "data"
    yield from _images(folder / "test_files")
    yield from _images(folder / "charset_files")
    for part in ("dicom_robustness", "deid_burned_in", "nifti"):
        yield from _images(REAL_DATA / part)
    for series in sorted((REAL_DATA / "dicom_series").glob("*")):
        yield from list(_images(series))[::10]
    yield from list(_images(REAL_DATA / "brain_tumor_mri"))[::200]


def survey(paths: Sequence[Path], decoders: Decoders) -> Iterator[Row]:
    """One row a file, in order."""
    for path in paths:
        outcome, reason = _ours(path, decoders)
        kind, peer = _theirs(path)
        yield Row(path, kind, outcome, reason, peer)


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "--also", type=Path, action="append", default=[], help="a further folder, such as pydicom-data"
    )
    options.add_argument("--all", action="store_true", help="a line for each file, shown ones too")
    chosen = options.parse_args()
    decoders = Decoders()
    try:
        found = {*files(), *(path for folder in chosen.also for path in _images(folder))}
        rows = list(survey(sorted(found), decoders))
    finally:
        decoders.close()
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        table[row.kind][row.outcome] += 1
        table[row.kind][f"pydicom {row.peer}"] += bool(row.peer)
    for kind, counts in sorted(table.items()):
        print(f"{kind:70}", ", ".join(f"{what} {count}" for what, count in sorted(counts.items()) if count))
    for row in rows:
        if chosen.all or row.outcome != SHOWN:
            print(f"{row.path.parent.name}/{row.path.name:60} {row.outcome:18} {row.peer:12} {row.reason}")
    print(Counter(row.outcome for row in rows))


def _images(folder: Path) -> Iterator[Path]:
    return (p for p in sorted(folder.rglob("*")) if p.is_file() and p.suffix.lower() not in NOT_IMAGES)


def _ours(path: Path, decoders: Decoders) -> tuple[str, str]:
    try:
        decoders.check(reader.look(path))
    except Failed as failed:
        return failed.code, str(failed)
    return SHOWN, ""


def _theirs(path: Path) -> tuple[str, str]:
    """What the file is, and whether pydicom gets pixels out of it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = pydicom.dcmread(path)
            syntax = UID(str(dataset.file_meta.get("TransferSyntaxUID", "")))
            kind = f"{dataset.get('Modality') or '-':8} {syntax.name or 'none stated'}"
        except (*DECODE_FAULTS, pydicom.errors.InvalidDicomError):
            return f"{path.suffix.lower() or 'no ending':8} not read as DICOM by pydicom", ""
        if not {"PixelData", "FloatPixelData", "DoubleFloatPixelData"} & {e.keyword for e in dataset}:
            return kind, "no pixels"
        try:
            values = pixel_array(dataset)
        except DECODE_FAULTS as error:
            return kind, type(error).__name__
        return kind, "pixels" if np.size(values) else "no pixels"


if __name__ == "__main__":
    main()
