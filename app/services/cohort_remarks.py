"""What the person should know of a cohort, in sentences: what it can support, and what was left out or cannot be held.

It counts and speaks; it decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.domain.cohort import SPLITS, Cohort
from app.domain.heads import may_show_a_face
from app.domain.recipe import Recipe
from app.domain.study import Series
from app.domain.wording import count

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
    more = count(cohort.unlabelled, "image without a label teaches", "images without a label teach")
    return f"{said} {more} what images look like, not what tells the classes apart."


def _of_smallest_class(cohort: Cohort) -> str:
    counts = {name: splits["train"] for name, splits in cohort.counts().items()}
    smallest = min(counts, key=lambda name: counts[name])
    least = counts[smallest]
    patients = len({item.patient for item in cohort.labelled if item.split == "train"})
    where = f"“{smallest}” has {count(least, 'training image')}"
    if least < FEW:
        return (
            f"{where}: too few to learn from; a model would repeat them. {FEW} a class are the least, 100 are better."
        )
    if patients < FEW_PATIENTS:
        few = count(patients, "patient" if cohort.patients_known else "file")
        return f"{where}, but all of them come from {few}: generated images will look like these."
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


def without_label(number: int) -> list[str]:
    """On images that nobody labelled and that stay out."""
    said = count(number, "image has no label and is", "images have no label and are")
    return [f"{said} left out."] if number else []


def with_faces(series: Iterable[Series], recipe: Recipe) -> list[str]:
    """On faces that the recipe keeps."""
    showing = sum(may_show_a_face(one.kind, one.modality) for one in series)
    if recipe.deface or not showing:
        return []
    said = count(showing, "series", "series")
    return [f"Faces are kept in {said} of CT, MR or PET: a model that learns from faces can draw them."]


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
        who = count(torn, "patient is", "patients are")
        notices.append(f"{who} in more than one split; figures on unseen images will be too good.")
    for name, splits in cohort.counts().items():
        if not splits["train"]:
            notices.append(f"Class “{name}” has no training images and cannot be learnt.")
        elif len(patients_of[name]) == 1 and len(cohort.labelled) > 1:
            notices.append(f"Class “{name}” has one patient: none is held out.")
        elif empty := [split for split in SPLITS[1:] if not splits[split]]:
            notices.append(f"Class “{name}” has no images in {' and '.join(empty)}.")
    return notices
