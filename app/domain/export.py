"""Export: what is to leave the program, and what left it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

from app.domain.cohort import SPLITS


class Format(StrEnum):
    """A form that people train from."""

    PNG = "png"
    TIFF = "tiff"
    DICOM = "dicom"
    NIFTI = "nifti"


class Include(StrEnum):
    """Which pictures leave."""

    SYNTHETIC = "synthetic"
    REAL = "real"


class Storage(StrEnum):
    """Which DICOM class prepared and synthetic slices are stored as: that of their modality, or Secondary Capture."""

    MODALITY = "modality"
    SECONDARY = "secondary-capture"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What a person asked to leave.

    Attributes:
        out: folder to make; it must not exist, or be empty.
        samples: id of the sample set, or ``None`` for real images only.
        cohort: name of the cohort, where real images are included.
        formats: one or more.
        include: real images, synthetic ones, or both.
        profile: de-identification profile of real images, a value of ``deid.Profile``.
        options: further options of the profile, values of ``deid.Option``.
        splits: which parts of the cohort leave as real images; each stays apart. Synthetic ones are never in "test".
        storage: DICOM class of slices that are written anew.
        licence, intended_use: what the cards say; "" for their own cautious words.
        zipped: whether the folder becomes one ZIP file in the end.
        signed: whether synthetic PNG and TIFF files carry a C2PA claim, signed with the project's own key.
        reason: why it leaves with less than could be protected or checked, in the words of who decided it; the log,
            the cards and the manifest keep it.
    """

    out: str
    samples: str | None
    cohort: str | None
    formats: tuple[Format, ...] = (Format.PNG,)
    include: tuple[Include, ...] = (Include.SYNTHETIC,)
    profile: str = "maximum"
    options: tuple[str, ...] = ()
    splits: tuple[str, ...] = SPLITS
    storage: Storage = Storage.MODALITY
    licence: str = ""
    intended_use: str = ""
    zipped: bool = False
    signed: bool = False
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """JSON values; the inverse of ``from_json``."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> ExportRequest:
        """A request from its JSON values.

        Raises:
            TypeError, ValueError: a field or a value that this version does not know.
        """
        known = dict(record)
        for name, kind in (("formats", Format), ("include", Include), ("options", str), ("splits", str)):
            known[name] = tuple(kind(one) for one in known.get(name, getattr(cls(".", None, None), name)))
        known["storage"] = Storage(known.get("storage", Storage.MODALITY))
        return cls(**known)


@dataclass(frozen=True, slots=True)
class ExportPlan:
    """The dry run: what would leave and what would not.

    Attributes:
        files: files to be written.
        per_class: synthetic pictures per class.
        real_per_class: real pictures per class.
        bytes: estimated size.
        left_out: pictures left out, with the reason as a sentence each.
        notices: what the person should know before signing.
        real_per_split: real pictures per split.
        filesystem: of the disk that it goes to ("ext4", "vfat"); "" where unknown.
        free: bytes free there; ``None`` where unknown.
    """

    files: int
    per_class: dict[str, int]
    real_per_class: dict[str, int]
    bytes: int
    left_out: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    real_per_split: dict[str, int] = field(default_factory=dict)
    filesystem: str = ""
    free: int | None = None


@dataclass(frozen=True, slots=True)
class ExportCheck:
    """The full dry run, made by a worker that has read every header: what a person signs.

    Attributes:
        id: of the check; its files lie in ``exports/<id>`` of the project.
        request: what was asked, as JSON values.
        plan_sha256: hash of everything that decides what the export will be; the log of a finished export has it too.
        files, bytes: estimates, as in ``ExportPlan``.
        per_class, real_per_class, real_per_split: pictures that leave.
        originals: DICOM files that leave as themselves.
        fired: de-identification rule to how often it does something.
        left_out: reason to how many real or synthetic pictures stay because of it.
        pixels_checked, pixels_total: source images whose pixels were looked at, and how many there are.
        with_text, defaced: of those looked at, how many have text in the picture, and how many lose a face.
        notices: what the person should know before signing.
        filesystem, free: of the target, as in ``ExportPlan``.
        html, pdf: sign-off sheet, relative to the project.
    """

    id: str
    request: dict[str, Any]
    plan_sha256: str
    files: int
    bytes: int
    per_class: dict[str, int]
    real_per_class: dict[str, int]
    real_per_split: dict[str, int]
    originals: int
    fired: dict[str, int]
    left_out: dict[str, int]
    pixels_checked: int
    pixels_total: int
    with_text: int
    defaced: int
    notices: tuple[str, ...]
    filesystem: str
    free: int | None
    html: str
    pdf: str

    def to_json(self) -> dict[str, Any]:
        """JSON values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class ExportRecord:
    """One line of the project's export log: what left, where to, and the hash that proves it.

    Attributes:
        t: ISO time (UTC).
        out: folder that was made.
        samples, cohort: what it was made from; "" where not used.
        files: files written, the manifest included.
        per_class, real_per_class: pictures per class.
        left_out: pictures that stayed.
        manifest_sha256: hash of ``manifest.json``, which holds the hash of every other file.
        previous: hash of the line before ("" for the first), so that no line can be changed unseen.
        profile, options: how real images were de-identified; "" without any.
        formats: what was written.
        plan_sha256: hash of what decided the content; equal to that of the dry run that a person signed.
        overrides: reasons given by a person for leaving with less than was checked.
        program: name and version.
    """

    t: str
    out: str
    samples: str
    cohort: str
    files: int
    per_class: dict[str, int]
    real_per_class: dict[str, int]
    left_out: int
    manifest_sha256: str
    previous: str
    profile: str = ""
    options: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    plan_sha256: str = ""
    overrides: tuple[str, ...] = ()
    program: str = ""

    def __str__(self) -> str:
        parts = [
            f"{sum(counts.values()):,} {kind}"
            for kind, counts in (("synthetic", self.per_class), ("real", self.real_per_class))
            if counts
        ]
        return f"{self.t[:16].replace('T', ' ')}  {' and '.join(parts)} images  {self.out}"

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> ExportRecord:
        """A line of the log; lines of older versions lack fields, those of newer ones may have more."""
        names = {one.name for one in fields(cls)}
        known: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in record.items()}
        return cls(**{key: value for key, value in known.items() if key in names})
