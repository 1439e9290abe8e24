"""Export: what is to leave the program, and what left it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """A form that people train from."""

    PNG = "png"
    DICOM = "dicom"
    NIFTI = "nifti"


class Include(StrEnum):
    """Which pictures leave."""

    SYNTHETIC = "synthetic"
    REAL = "real"


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What a person asked to leave.

    Attributes:
        out: folder to make; it must not exist, or be empty.
        samples: id of the sample set, or ``None`` for real images only.
        cohort: name of the cohort, where real images are included.
        formats: one or more.
        include: real images of the training split, synthetic ones, or both.
        profile: de-identification profile of real images.
    """

    out: str
    samples: str | None
    cohort: str | None
    formats: tuple[Format, ...] = (Format.PNG,)
    include: tuple[Include, ...] = (Include.SYNTHETIC,)
    profile: str = "basic"


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
    """

    files: int
    per_class: dict[str, int]
    real_per_class: dict[str, int]
    bytes: int
    left_out: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


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

    def __str__(self) -> str:
        parts = [
            f"{sum(counts.values()):,} {kind}"
            for kind, counts in (("synthetic", self.per_class), ("real", self.real_per_class))
            if counts
        ]
        return f"{self.t[:16].replace('T', ' ')}  {' and '.join(parts)} images  {self.out}"

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> ExportRecord:
        """A line of the log."""
        return cls(**record)
