"""What the person should know of a cohort, in sentences: what it can support, and what was left out or cannot be held.

It counts and speaks; it decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from app.domain.cohort import SPLITS, Cohort
from app.domain.study import Series

FEW, ENOUGH, MANY = 20, 100, 500
"""Training images of the smallest class: below the first, a model learns the images by heart; from the last on,
varied anatomy can be expected."""

FEW_PATIENTS = 10


def verdict(cohort: Cohort) -> str:
    """What this many training images can support, from the smallest class: one honest sentence, and one more where
    images without a label join."""
    said = _of_smallest_class(cohort)
    if not cohort.unlabelled:
        return said
    return (
        f"{said} {cohort.unlabelled} image(s) without a label teach what images look like, not what tells the classes "
        "apart."
    )


def _of_smallest_class(cohort: Cohort) -> str:
    counts = {name: splits["train"] for name, splits in cohort.counts().items()}
    smallest = min(counts, key=lambda name: counts[name])
    least = counts[smallest]
    patients = len({item.patient for item in cohort.labelled if item.split == "train"})
    where = f"“{smallest}” has {least} training image(s)"
    if least < FEW:
        return (
            f"{where}: too few to learn from; a model would repeat them. {FEW} a class are the least, 100 are better."
        )
    if patients < FEW_PATIENTS:
        who = "patient(s)" if cohort.patients_known else "file(s)"
        return f"{where}, but all of them come from {patients} {who}: generated images will look like these."
    if least < ENOUGH:
        return f"{where}: enough for a first look; expect little variety, and look out for copies."
    if least < MANY:
        return f"{where}: enough for useful augmentation at small picture sizes."
    return f"{where}: enough for varied augmentation."


def without_plane(series: Sequence[Series]) -> list[str]:
    """On series that cannot be cut in the plane of the recipe."""
    if not series:
        return []
    first = series[0].description or Path(series[0].folder).name
    return [f"{len(series)} series cannot be cut in this plane and are left out, first {first}."]


def without_label(count: int) -> list[str]:
    """On images that nobody labelled and that stay out."""
    return [f"{count} image(s) have no label and are left out."] if count else []


def on_splits(cohort: Cohort, *, by_table: bool) -> list[str]:
    """On patients who are not known or torn apart, and on classes that are not in every split."""
    notices = []
    if not cohort.patients_known:
        notices.append(
            "Some images name no patient: that nobody is in two splits rests on the table."
            if by_table
            else "Some images name no patient, so neighbouring slices of one patient may fall on both sides of a split."
        )
    splits_of: dict[str, set[str]] = defaultdict(set)
    patients_of: dict[str, set[str]] = defaultdict(set)
    for item in cohort.labelled:
        splits_of[item.patient].add(item.split)
        patients_of[item.label].add(item.patient)
    if torn := sum(1 for splits in splits_of.values() if len(splits) > 1):
        notices.append(f"{torn} patient(s) are in more than one split; figures on unseen images will be too good.")
    for name, splits in cohort.counts().items():
        if not splits["train"]:
            notices.append(f"Class “{name}” has no training images and cannot be learnt.")
        elif len(patients_of[name]) == 1 and len(cohort.labelled) > 1:
            notices.append(f"Class “{name}” has one patient: none is held out.")
        elif empty := [split for split in SPLITS[1:] if not splits[split]]:
            notices.append(f"Class “{name}” has no images in {' and '.join(empty)}.")
    return notices
