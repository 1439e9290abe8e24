"""Cohort: a labelled selection of slices, split by patient."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.condition import Attribute, Value, described
from app.domain.errors import BadUsage
from app.domain.recipe import Recipe

SPLITS = ("train", "val", "test")
"""Names of the parts of a cohort: learnt from, watched during training, kept unseen until the audit."""

DELETED = "deleted-"
"""What the stand-in of a deleted patient begins with, in the record of what a run learnt from."""


@dataclass(frozen=True, slots=True)
class Item:
    """One slice of a cohort.

    Attributes:
        series: key of the series.
        index: slice number in the recipe's plane.
        label: class name; "" where nobody said what it shows (such an image is only ever in "train").
        split: a name of ``SPLITS``.
        patient: who it shows (the project's key).
        source: file that it came from.
        attributes: what else is known of it, by the attribute's name.
    """

    series: str
    index: int
    label: str
    split: str
    patient: str
    source: str
    attributes: Mapping[str, Value] = field(default_factory=dict, hash=False)

    @property
    def deleted(self) -> bool:
        """Whether its patient was deleted after a run learnt from it: a record of that, and no picture."""
        return self.patient.startswith(DELETED)


@dataclass(frozen=True, slots=True)
class Cohort:
    """A labelled selection with its recipe.

    Attributes:
        name: what the person called it.
        recipe: how it becomes tensors.
        items: the slices.
        patients_known: false where at least one source named no patient.
        notices: honest remarks on the splits (sentences).
    """

    name: str
    recipe: Recipe
    items: tuple[Item, ...]
    patients_known: bool
    notices: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in label order."""
        return tuple(sorted({item.label for item in self.labelled}))

    @property
    def labelled(self) -> tuple[Item, ...]:
        """The items with a class: only these are counted, compared with and exported."""
        return tuple(item for item in self.items if item.label)

    @property
    def unlabelled(self) -> int:
        """How many images are learnt from without a class."""
        return sum(not item.label for item in self.items)

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """What images can be asked to show besides their class, as the training images have it."""
        names = {name for item in self.items for name in item.attributes}
        return described((item.attributes for item in self.items if item.split == "train"), names)

    def counts(self) -> dict[str, dict[str, int]]:
        """Images per class and split: ``{class: {split: n}}``; those without a class are in none."""
        counted: Counter[tuple[str, str]] = Counter((item.label, item.split) for item in self.items)
        return {name: {split: counted[name, split] for split in SPLITS} for name in self.classes}

    def patients(self) -> dict[str, int]:
        """Patients per split, those of images without a class among them."""
        return {split: len({i.patient for i in self.items if i.split == split}) for split in SPLITS}


def parse_shares(text: str) -> tuple[float, float, float]:
    """Read "70/15/15" as shares of train, val and test that sum to one.

    Raises:
        BadUsage: not three numbers, a negative one, or no training share.
    """
    try:
        parts = [float(part) for part in text.split("/")]
    except ValueError:
        parts = []
    if len(parts) != 3 or min(parts) < 0 or parts[0] <= 0:
        raise BadUsage("bad-split", text=text)
    total = sum(parts)
    return parts[0] / total, parts[1] / total, parts[2] / total


def split_patients(
    labels: Mapping[str, Sequence[str]], shares: tuple[float, float, float], *, seed: int = 0
) -> dict[str, str]:
    """Give every patient one split, keeping each class near the shares.

    Patients are dealt rarest class first, each to the split that lacks most of the patient's images; the first
    patient of a class always goes to training, so that a class with one patient can be learnt (and is not held out).

    Args:
        labels: patient to the labels of the patient's images.
        shares: train, val and test, summing to one.
        seed: changes who is dealt first among equals.

    Returns:
        Patient to a name of ``SPLITS``.
    """
    totals = Counter(label for images in labels.values() for label in images)
    dealt: dict[tuple[str, str], int] = defaultdict(int)
    seen: set[str] = set()
    result: dict[str, str] = {}
    for patient in sorted(labels, key=lambda who: (min(totals[n] for n in labels[who]), _shuffled(who, seed))):
        images = Counter(labels[patient])
        if not seen.issuperset(images):
            split = "train"
        else:
            split = max(zip(SPLITS, shares, strict=True), key=lambda s: _lack(images, s, dealt, totals))[0]
        seen.update(images)
        for label, count in images.items():
            dealt[split, label] += count
        result[patient] = split
    return result


def _lack(
    images: Mapping[str, int],
    split: tuple[str, float],
    dealt: Mapping[tuple[str, str], int],
    totals: Mapping[str, int],
) -> float:
    """How far a split is below its share of the classes that a patient brings, relative to that share."""
    name, share = split
    if share == 0:
        return float("-inf")
    return sum(n * (1 - dealt.get((name, label), 0) / (share * totals[label])) for label, n in images.items())


def _shuffled(patient: str, seed: int) -> str:
    """A stable pseudo-random order that is the same on every machine."""
    return hashlib.sha256(f"{seed}:{patient}".encode()).hexdigest()


def rename_splits(names: Iterable[str]) -> dict[str, str]:
    """Map the split names that people write to ours; anything unknown (guard, exclude) is left out."""
    known = {"train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
    return {name: known[name.strip().lower()] for name in names if name.strip().lower() in known}
