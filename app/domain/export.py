"""Export: what is to leave the program, and what left it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
