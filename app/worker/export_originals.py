"""DICOM sources that leave as themselves, under an invented patient: header cleaned, pixels without what must stay.

It reads sources and writes into a folder that it is given; what may leave was decided before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from pydicom.dataset import Dataset

from app.deid.header import Cleaned, Deidentifier
from app.domain.deid import PixelCheck
from app.domain.errors import Failed, Refused
from app.domain.export import Format
from app.imaging import dicom_parse, redaction
from app.imaging.dicom_pixels import quiet
from app.worker.export_inspect import NOT_CHECKED, STAYS, Inspected
from app.worker.export_landing import Staging
from app.worker.export_layout import SPLIT_FOLDERS, Places, root_of
from app.worker.export_write import Expected

UNREADABLE: tuple[type[Exception], ...] = (Failed, OSError, *dicom_parse.FAULTS)
"""What a damaged source makes the readers raise."""


@dataclass(frozen=True, slots=True)
class Subject:
    """As whom a source leaves.

    Attributes:
        patient: invented name.
        label, split: of its images.
        number: of its first image in the export.
    """

    patient: str
    label: str
    split: str
    number: int


@dataclass(slots=True)
class Originals:
    """Writes DICOM sources, and remembers what was done to them.

    Args:
        deidentifier: cleans headers.
        staging: where files go.
        places: which names they get.
        strict: keep back what was not checked.

    Attributes:
        written: files, in the order in which they were written.
        pixels: path in the export to the digest of its stored values, for checking it later.
        fired: de-identification rule to how often it did something.
        identities: texts of the headers that must not be found outside.
    """

    deidentifier: Deidentifier
    staging: Staging
    places: Places
    strict: bool
    written: list[Expected] = field(default_factory=list)
    pixels: dict[str, str] = field(default_factory=dict)
    fired: Counter[str] = field(default_factory=Counter)
    identities: set[str] = field(default_factory=set, repr=False)

    def write(self, path: str, inspected: Inspected, subject: Subject) -> str:
        """Clean one file and write it, unless it must stay.

        Returns:
            Why it stays, as a sentence; "" where it was written.

        Raises:
            Failed: ``source-missing``, ``source-damaged``: names the file.
            OSError: the copy cannot be written.
        """
        with quiet():
            dataset = read(Path(path))
            check = inspected.check_file(path, redaction.count(dataset))
            if self.strict and not check.complete:
                return STAYS["text" if check.text == NOT_CHECKED else "faces"]
            try:
                hidden = inspected.of_file(path)
                if hidden:
                    redaction.redact(dataset, hidden)
                digest, shape = redaction.digest(dataset), redaction.shape(dataset)
            except UNREADABLE as error:
                raise Failed("source-damaged", path=path, detail="its picture cannot be rewritten") from error
            try:
                cleaned = self.cleaned(dataset, subject.patient, check)
            except (Failed, Refused) as error:
                return str(error)
        place = self._place(cleaned.dataset, subject)
        if not self.staging.has(place):
            target = self.staging.root / place
            target.parent.mkdir(parents=True, exist_ok=True)
            with quiet():
                self.deidentifier.write(cleaned, target)
        self.pixels[place] = digest
        self.written.append(_expected(place, shape, self.staging.note(place), subject))
        return ""

    def cleaned(self, dataset: Dataset, patient: str, check: PixelCheck) -> Cleaned:
        """A header after de-identification, counted."""
        cleaned = self.deidentifier.clean(dataset, patient=patient, check=check)
        self.fired.update(cleaned.fired)
        self.identities |= set(cleaned.identities)
        return cleaned

    def _place(self, dataset: Dataset, subject: Subject) -> str:
        base = root_of(Format.DICOM, synthetic=False, split=subject.split)
        study, series = str(dataset.StudyInstanceUID), str(dataset.SeriesInstanceUID)
        return self.places.of_dicom(base, subject.patient, study, series)


def read(path: Path) -> Dataset:
    """A source as a whole.

    Raises:
        Failed: ``source-missing``, ``source-damaged``.
    """
    if not path.is_file():
        raise Failed("source-missing", path=str(path))
    try:
        return dicom_parse.whole(path)
    except UNREADABLE as error:
        raise Failed("source-damaged", path=str(path), detail="its header cannot be read") from error


def header_only(path: Path) -> Dataset:
    """A source's header, for a dry run.

    Raises:
        Failed: ``source-missing``, ``source-damaged``.
    """
    if not path.is_file():
        raise Failed("source-missing", path=str(path))
    try:
        return dicom_parse.header(path).dataset
    except UNREADABLE as error:
        raise Failed("source-damaged", path=str(path), detail="its header cannot be read") from error


UNCHECKED = PixelCheck(text=NOT_CHECKED, faces=NOT_CHECKED)


def _expected(place: str, shape: tuple[int, ...], sha256: str, subject: Subject) -> Expected:
    return Expected(
        path=place,
        format=Format.DICOM,
        synthetic=False,
        shape=shape,
        sha256=sha256,
        label=subject.label,
        split=SPLIT_FOLDERS[subject.split],
        patient=subject.patient,
        number=subject.number,
    )
