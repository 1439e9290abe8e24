"""What the Export room asks and shows, as plain values: the form, the dry run in words, and what left before.

Tested without a window. It must not know Qt; what may leave is decided by the export service, never here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.export import ExportPlan, ExportRecord, ExportRequest, Format, Include
from app.ui.view_models import plain


@dataclass(frozen=True, slots=True)
class FormatChoice:
    """A form on offer, with what it is good for."""

    format: Format
    title: str
    description: str


FORMATS = (
    FormatChoice(
        Format.PNG, "PNG", "Class folders with a table of what each image is. For training image classifiers."
    ),
    FormatChoice(Format.DICOM, "DICOM", "Marked as synthetic in every header. For viewers and DICOM pipelines."),
    FormatChoice(Format.NIFTI, "NIfTI", "Physical values and spacing kept. For research pipelines."),
)

REAL_EXPLAINED = (
    "Real images are de-identified: every header field that is not on a short list of technical fields is removed, "
    "and identifiers are replaced. Not checked: names written into the picture itself, and faces that could be "
    "recognised from a head scan. Look at the images before you share them."
)
"""Said beside the switch for real images, before it is used."""


@dataclass(slots=True)
class Form:
    """What the person has chosen so far.

    Attributes:
        samples: id of the sample set, "" where none is chosen.
        cohort: cohort that the set was learnt from; "" where unknown.
        parent: folder that the export's own folder will be made in.
        name: name of that folder.
        formats: chosen forms.
        real: whether real training images go with it.
    """

    samples: str = ""
    cohort: str = ""
    parent: str = ""
    name: str = ""
    formats: tuple[Format, ...] = (Format.PNG,)
    real: bool = False

    def lacks(self) -> str:
        """What is still to choose, as a sentence; "" where the form is complete."""
        if not self.samples:
            return "Choose a sample set."
        if not self.formats:
            return "Choose at least one format."
        if not self.parent or not self.name.strip():
            return "Choose where the export goes."
        return ""

    def folder(self) -> Path:
        """The folder that will be made."""
        return Path(self.parent) / self.name.strip()

    def request(self) -> ExportRequest:
        """The form as a request; complete forms only."""
        include = (Include.REAL, Include.SYNTHETIC) if self.real else (Include.SYNTHETIC,)
        return ExportRequest(str(self.folder()), self.samples, self.cohort or None, self.formats, include)


def plan_lines(plan: ExportPlan) -> list[tuple[str, str]]:
    """The dry run as (name, value) lines."""
    lines = [("Synthetic images", _counts(plan.per_class))]
    if plan.real_per_class:
        lines.append(("Real images", _counts(plan.real_per_class)))
    lines.append(("Files", f"{plan.files:,}, about {plain.size(plan.bytes)}"))
    return lines


def _counts(counts: dict[str, int]) -> str:
    total = sum(counts.values())
    return f"{total:,} ({plain.listed(counts)})" if counts else "none"


def past_title(record: ExportRecord) -> str:
    """ "48 synthetic and 120 real images, 21 Nov 13:20": an export as a line of a list."""
    kinds = (("synthetic", record.per_class), ("real", record.real_per_class))
    parts = [f"{sum(counts.values()):,} {kind}" for kind, counts in kinds if counts]
    return f"{' and '.join(parts)} images, {plain.moment(record.t)}"
