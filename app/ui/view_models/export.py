"""What the Export room asks, as plain values: what leaves, in which forms, how protected, and where to.

Tested without a window. It must not know Qt; what may leave is decided by the export service, never here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.cohort import SPLITS
from app.domain.deid import Option, Profile
from app.domain.export import ExportPlan, ExportRecord, ExportRequest, Format, Include, Storage
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
    FormatChoice(Format.TIFF, "TIFF", "The same folders, for programs that measure in TIFF."),
    FormatChoice(Format.DICOM, "DICOM", "Studies of invented patients. For viewers and DICOM pipelines."),
    FormatChoice(Format.NIFTI, "NIfTI", "Physical values and spacing kept. For research pipelines."),
)
SIGNABLE = frozenset({Format.PNG, Format.TIFF})
"""Forms that hold content credentials."""

STORAGES = (
    (Storage.MODALITY, "As their modality (CT, MR, …)"),
    (Storage.SECONDARY, "As secondary captures"),
)
SPLIT_TITLES = {"train": "Training", "val": "Validation", "test": "Test"}

LICENCE_EMPTY = "Not stated"
USE_EMPTY = "Research; not for diagnosis or treatment"
"""What the cards say where a field is left empty."""

OTHER_WORLDS = '/\\:*?"<>|'
"""Characters that the name of a folder cannot have everywhere."""

REMEDIES = {
    "copies-found": ("Open the review", "review"),
    "copies-unknown": ("Open the cohort", "cohort"),
    "nothing-to-export": ("Generate images", "generate"),
    "learnt-images-changed": ("Train again", "train"),
    "learnt-images-deleted": ("Train again", "train"),
    "no-real-images": ("Open the cohort", "cohort"),
}
"""Reason for a refusal to where it can be mended: words of a button, and a room."""


@dataclass(slots=True)
class Form:
    """What the person has chosen so far.

    Attributes:
        synthetic: whether generated images leave.
        samples: id of their sample set, "" where none is chosen.
        real: whether real images leave.
        cohort: the cohort that they are of, or that the synthetic ones were learnt from; "" where there is none.
        parent: folder that the export's own folder will be made in.
        name: name of that folder.
        formats: chosen forms.
        profile, options: protection of real images; ``options`` go beyond what the profile brings.
        reason: why less than everything is protected, in the person's words.
        splits: parts of the cohort that leave as real images.
        storage: kind of DICOM file of slices that are written anew.
        licence, intended_use: what the cards say; "" for their own words.
        zipped: one ZIP file instead of a folder.
        signed: content credentials in synthetic PNG and TIFF files.
    """

    synthetic: bool = True
    samples: str = ""
    real: bool = False
    cohort: str = ""
    parent: str = ""
    name: str = ""
    formats: tuple[Format, ...] = (Format.PNG,)
    profile: Profile = Profile.MAXIMUM
    options: tuple[Option, ...] = ()
    reason: str = ""
    splits: tuple[str, ...] = SPLITS
    storage: Storage = Storage.MODALITY
    licence: str = ""
    intended_use: str = ""
    zipped: bool = False
    signed: bool = False

    @property
    def signable(self) -> bool:
        """Whether content credentials have a file to be in."""
        return self.synthetic and bool(SIGNABLE & set(self.formats))

    @property
    def with_headers(self) -> bool:
        """Whether headers of real images leave, so that the options have something to speak of."""
        return self.real and Format.DICOM in self.formats

    @property
    def kept(self) -> tuple[Option, ...]:
        """The options that mean something."""
        return self.options if self.with_headers else ()

    @property
    def lessened(self) -> bool:
        """Whether real images leave with less than the most protection."""
        return self.real and (self.profile is not Profile.MAXIMUM or bool(self.kept))

    def lacks(self) -> str:
        """What is still to choose, as a sentence; "" where the form is complete."""
        wanting = (
            (not (self.synthetic or self.real), "Choose what leaves: synthetic images, real ones, or both."),
            (self.synthetic and not self.samples, "Choose a sample set."),
            (self.real and not self.cohort, "Choose a cohort."),
            (self.real and not self.splits, "Choose at least one part of the cohort, under Advanced."),
            (not self.formats, "Choose at least one format."),
            (not self.parent or not self.name.strip(), "Choose where the export goes."),
            (not Path(self.parent).is_absolute(), "Write the whole path of the folder to put the export in."),
            (bool(set(self.name) & set(OTHER_WORLDS)), f"The folder’s name cannot have any of {OTHER_WORLDS}"),
        )
        return next((sentence for lacking, sentence in wanting if lacking), "")

    def folder(self) -> Path:
        """The folder that will be made."""
        return Path(self.parent) / self.name.strip()

    def request(self) -> ExportRequest:
        """The form as a request, without choices that mean nothing beside the others; complete forms only."""
        include = ((Include.REAL, self.real), (Include.SYNTHETIC, self.synthetic))
        plain_words = ExportRequest("", None, None)
        return ExportRequest(
            out=str(self.folder()),
            samples=self.samples if self.synthetic else None,
            cohort=self.cohort or None,
            formats=self.formats,
            include=tuple(one for one, wanted in include if wanted),
            profile=str(self.profile) if self.real else plain_words.profile,
            options=tuple(str(one) for one in self.kept),
            splits=self.splits if self.real else plain_words.splits,
            storage=self.storage if Format.DICOM in self.formats else plain_words.storage,
            licence=self.licence.strip(),
            intended_use=self.intended_use.strip(),
            zipped=self.zipped,
            signed=self.signed and self.signable,
            reason=self.reason.strip() if self.lessened else "",
        )


def plan_lines(plan: ExportPlan) -> list[tuple[str, str]]:
    """The quick estimate as (name, value) lines."""
    lines = [("Synthetic images", counts(plan.per_class))] if plan.per_class else []
    if plan.real_per_class:
        lines.append(("Real images", counts(plan.real_per_class)))
    lines.append(("Image files", f"{plan.files:,}, about {plain.size(plan.bytes)} at most"))
    return lines


def counts(per_class: dict[str, int]) -> str:
    """ "120 (cyst 40, nodule 80)", or "none"."""
    return f"{sum(per_class.values()):,} ({plain.listed(per_class)})" if per_class else "none"


def past_title(record: ExportRecord) -> str:
    """ "48 synthetic and 120 real images, 21 Nov 13:20": an export as a line of a list."""
    kinds = (("synthetic", record.per_class), ("real", record.real_per_class))
    parts = [f"{sum(per_class.values()):,} {kind}" for kind, per_class in kinds if per_class]
    return f"{' and '.join(parts)} images, {plain.moment(record.t)}"


def past_detail(record: ExportRecord) -> str:
    """The hash that proves it, how it was protected, and where it went, in one line; the path may be cut off."""
    protected = f"profile {record.profile}" if record.profile else ""
    parts = (f"manifest {record.manifest_sha256[:12]}", protected, record.out)
    return "  ·  ".join(filter(None, parts))
