"""Patient, study, series, instance: what the library holds, in DICOM's words.

Every source becomes these four: a NIfTI volume is a series of slices, a PNG is a series of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class SourceKind(StrEnum):
    """How a series is stored: ``VOLUME`` is NRRD or MetaImage, ``IMAGE`` is PNG, JPEG or TIFF."""

    DICOM = "dicom"
    NIFTI = "nifti"
    VOLUME = "volume"
    IMAGE = "image"


@dataclass(frozen=True, slots=True)
class Instance:
    """One readable slice.

    Attributes:
        path: absolute path of the source file.
        index: slice number inside the file (volume slice along the third axis, frame, page; 0 otherwise).
        position_mm: position along the series normal; ``None`` where unknown.
        sop_instance_uid: DICOM identity; empty otherwise.
        sha256: hash of the source file, for finding the same file again; "" until its pixels were decoded and found
            whole. Nothing is trained on or exported before.
        rows, columns: native size in pixels.
    """

    path: str
    index: int
    position_mm: float | None
    sop_instance_uid: str
    sha256: str
    rows: int
    columns: int


@dataclass(frozen=True, slots=True)
class Series:
    """Slices that belong together by geometry, in order along their normal.

    Attributes:
        key: stable identity inside a project (a hash, never a name of a person).
        kind: how it is stored.
        modality: DICOM modality, or "" where unknown.
        description: what the person sees as its name.
        folder: folder that the files came from.
        spacing_mm: (row, column, slice) spacing; ``None`` for a part that is unknown.
        orientation: row and column direction cosines in LPS (6 numbers), empty where unknown.
        unit: meaning of the values ("HU", "SUV", "Bq/ml", "rescaled", "stored").
        bits: significant bits of the stored values (8 to 32).
        instances: the slices, sorted by position.
        warnings: what a person should know of the geometry (codes of ``wording``, with facts filled in).
        tags: DICOM attributes kept for labelling and display, keyword to text.
        frame_of_reference: keyed hash of what positions are measured from; series with the same one show the same
            place at the same coordinates. "" where unknown.
        apart: why the series is no stack to learn from ("localiser", "overview", "dose report"); "" where it is one.
    """

    key: str
    kind: SourceKind
    modality: str
    description: str
    folder: str
    spacing_mm: tuple[float | None, float | None, float | None]
    orientation: tuple[float, ...]
    unit: str
    bits: int
    instances: tuple[Instance, ...]
    warnings: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)
    frame_of_reference: str = ""
    apart: str = ""


@dataclass(frozen=True, slots=True)
class SeriesLine:
    """A series as lists show it: without its slices, so that a library of 100,000 images opens at once.

    Attributes:
        key, kind, modality, description, folder, warnings, apart: as in ``Series``.
        study, patient, patient_known, study_label, date: of its study.
        images: number of slices.
        unchecked: slices whose pixels were not decoded yet.
        rows, columns: size of the first slice.
        body_part: the header's word, "" where it has none.
        attributes: other header attributes, keyword to text.
        tags: the person's own tags, sorted.
        labels: labels given by hand to the series or to slices of it, sorted, each once.
        added: grows with every import; the series with the largest came last.
    """

    key: str
    kind: SourceKind
    study: str
    patient: str
    patient_known: bool
    study_label: str
    date: str
    modality: str
    description: str
    folder: str
    images: int
    unchecked: int
    rows: int
    columns: int
    body_part: str = ""
    warnings: tuple[str, ...] = ()
    apart: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    added: int = 0


@dataclass(frozen=True, slots=True)
class Study:
    """One examination of one patient.

    Attributes:
        key: stable identity inside a project.
        patient: identity of the patient inside a project, a keyed hash; splits are made by it.
        patient_known: false where the source names no patient (each file then counts as one).
        label: what the list shows (description and date, never the patient's name).
        date: ISO date or "".
        series: the series of the study.
    """

    key: str
    patient: str
    patient_known: bool
    label: str
    date: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An input set aside.

    Attributes:
        path: the file.
        code: reason, a key of ``wording.SENTENCES``.
        reason: the sentence that the person reads.
    """

    path: str
    code: str
    reason: str
