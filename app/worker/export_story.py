"""What an export has to tell of itself, gathered in one place for the cards, Croissant and the manifest.

Nothing in it names a source, a folder of this machine or a person; the last check of the export searches what is
written from it too.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.domain.audit import AuditRecord
from app.domain.export import ExportRequest
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord
from app.domain.selection import LeftOut
from app.worker.export_write import Expected, by_picture

INTENDED_USE = "Research: training and testing of image analysis models. Not for diagnosis or treatment."
LICENCE = "Not stated. To be set by whoever owns the data and shares the export."


@dataclass(frozen=True, slots=True)
class Deidentification:
    """What was done to the real images, as it was done.

    Attributes:
        profile: value of ``app.domain.deid.Profile``.
        options: values of ``app.domain.deid.Option``.
        fired: rule to how often it did something.
        text: outcome of the search for burned-in text to images: "none-found", "redacted", "not-checked".
        faces: outcome of the search for faces to images: "no-head", "defaced", "not-checked".
        left_out: reason to real images that stayed.
        overrides: reasons that a person gave for leaving with less than was checked.
    """

    profile: str
    options: tuple[str, ...] = ()
    fired: Mapping[str, int] = field(default_factory=dict)
    text: Mapping[str, int] = field(default_factory=dict)
    faces: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, int] = field(default_factory=dict)
    overrides: tuple[str, ...] = ()

    @property
    def pixels_checked(self) -> bool:
        """Whether every image was searched for text and for faces."""
        unchecked = self.text.get("not-checked", 0) + self.faces.get("not-checked", 0)
        return bool(self.text) and bool(self.faces) and not unchecked


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the cards tell.

    Attributes:
        request: what was asked.
        per_class, real_per_class: images per class, as written.
        folders: class name to folder name.
        left_out: pictures of both kinds that stayed.
        kinds: how many training images came from which kind of source.
        recipe: how slices became pictures.
        patients: patients in the training split; ``None`` where they are not known.
        samples, audit, run: where synthetic pictures come from; ``None`` without any.
        removed: header attributes of real sources that were left behind.
        deidentification: what was done to real images; ``None`` without any.
    """

    request: ExportRequest
    per_class: dict[str, int]
    real_per_class: dict[str, int]
    folders: dict[str, str]
    left_out: tuple[LeftOut, ...]
    kinds: dict[str, int]
    recipe: dict[str, Any]
    patients: int | None
    samples: SampleSetRecord | None = None
    audit: AuditRecord | None = None
    run: RunRecord | None = None
    removed: int = 0
    deidentification: Deidentification | None = None

    @property
    def licence(self) -> str:
        """What was asked for, else that nobody stated one."""
        return self.request.licence.strip() or LICENCE

    @property
    def intended_use(self) -> str:
        """What was asked for, with the words that always hold."""
        asked = self.request.intended_use.strip()
        if not asked or asked == INTENDED_USE:
            return INTENDED_USE
        return f"{asked.rstrip('.')}. Not for diagnosis or treatment."

    @property
    def synthetic_left_out(self) -> int:
        """Synthetic pictures that stayed."""
        real = sum(self.deidentification.left_out.values()) if self.deidentification else 0
        return max(0, len(self.left_out) - real)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that have images, in the order of their numbers."""
        return tuple(sorted({*self.per_class, *self.real_per_class}, key=lambda name: self.folders[name]))

    @property
    def formats(self) -> tuple[str, ...]:
        """What was written."""
        return tuple(str(one) for one in self.request.formats)


@dataclass(frozen=True, slots=True)
class Tally:
    """Pictures and patients by kind ("real", "synthetic") and split folder; a picture in two formats counts once.

    Attributes:
        pictures: (kind, split, class) to pictures.
        patients: (kind, split) to patients.
        shared_patients: patients of real images in more than one split.
    """

    pictures: Mapping[tuple[str, str, str], int]
    patients: Mapping[tuple[str, str], int]
    shared_patients: int = 0

    @classmethod
    def of(cls, files: Iterable[Expected]) -> Tally:
        """Count."""
        pictures: Counter[tuple[str, str, str]] = Counter()
        patients: dict[tuple[str, str], set[str]] = defaultdict(set)
        for file in (formats[0] for formats in by_picture(files)):
            kind = "synthetic" if file.synthetic else "real"
            pictures[kind, file.split, file.label] += 1
            patients[kind, file.split].add(file.patient)
        splits = Counter(who for (kind, _), inside in patients.items() if kind == "real" for who in inside)
        shared = sum(count > 1 for count in splits.values())
        return cls(pictures, {key: len(who) for key, who in patients.items()}, shared)

    def columns(self) -> tuple[tuple[str, str], ...]:
        """Kinds and splits that there are, in a fixed order."""
        order = [("real", "train"), ("real", "validation"), ("real", "test"), ("synthetic", "train")]
        return tuple(column for column in order if column in self.patients)

    def total(self, kind: str) -> int:
        """Pictures of a kind."""
        return sum(count for (of, _, _), count in self.pictures.items() if of == kind)
