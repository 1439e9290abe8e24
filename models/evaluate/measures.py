"""What can be measured about generated images, by one function for the audit and the benchmark alike.

Each figure stands beside what real images reach under the same count, and is None with a reason where the data
does not allow it. It knows prepared data and arrays; verdicts and words are the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.data.prepared import PreparedImages
from models.evaluate.classifier import Judge, train_judge
from models.evaluate.frechet import frechet_distance
from models.evaluate.neighbours import CopyCheck, nearer_shares, standardised
from models.training.seeds import derived

DRAWS = 5
"""Draws of real images over which the floor is averaged."""
FEWEST = 8
"""Images on either side below which a Frechet distance says nothing."""
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Copies:
    """Nearness to the training images.

    Attributes:
        share: share of the generated images that are suspected copies.
        threshold: distance below which one is (the smallest among the reference images).
        reference: "held-out", "other patients" or "neighbouring slices".
        n_reference: how many reference images.
        nearest: for each generated image the index of its nearest training image in the prepared data.
        distance: its distance.
        suspect: whether it is a suspected copy.
    """

    share: float
    threshold: float
    reference: str
    n_reference: int
    nearest: tuple[int, ...]
    distance: tuple[float, ...]
    suspect: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """All figures; per-class mappings go by class name.

    Attributes:
        n_generated, n_train, n_test: images of each kind.
        n_compared: images on the generated (and the floor's) side of the Frechet distance.
        frechet: generated to unseen real images, in the classifier's features.
        frechet_floor: real training images to unseen real images, the same count of each class.
        accuracy: share of unseen real images that the classifier gets right.
        agreement: share of generated images that it gives the class that was asked for.
        n_accuracy, n_agreement: images behind these shares.
        copies: nearness to training images.
        nearer: share of generated images that lie nearer to training images than to as many held-out ones.
        nearer_floor: the same share of unseen real images, the count of generated ones playing no part.
        missing: why a figure is None, by the figure's name: "no-test-images", "too-few-images", "one-class",
            "no-training-images", "nothing-to-compare".
    """

    n_generated: int
    n_train: int
    n_test: int
    n_compared: int = 0
    frechet: float | None = None
    frechet_floor: float | None = None
    accuracy: Mapping[str, float | None] = field(default_factory=dict)
    agreement: Mapping[str, float | None] = field(default_factory=dict)
    n_accuracy: Mapping[str, int] = field(default_factory=dict)
    n_agreement: Mapping[str, int] = field(default_factory=dict)
    copies: Copies | None = None
    nearer: float | None = None
    nearer_floor: float | None = None
    missing: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """JSON values only."""
        return asdict(self)


def measure(
    data: PreparedImages,
    generated: NDArray[np.floating[Any]],
    labels: NDArray[np.integer[Any]],
    *,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> Measures:
    """Measure ``generated`` ``(n, C, H, W)`` in [-1, 1], asked for with ``labels`` ``(n,)``, against ``data``.

    Args:
        data: the prepared cohort that the generator was trained on.
        generated: of the cohort's size.
        labels: class indices, -1 for none.
        seed: of the classifier and the draws.
        on_progress: told (done, total) while the classifier trains.

    Raises:
        ValueError: generated images and labels do not fit each other or the data.
    """
    if len(generated) != len(labels) or generated.shape[1:] != (data.channels, data.size, data.size):
        raise ValueError(f"generated images {generated.shape} do not fit {len(labels)} labels or the prepared data")
    counts: dict[str, Any] = {
        "n_generated": len(generated),
        "n_train": len(data.subset("train")),
        "n_test": len(data.subset("test")),
    }
    if not counts["n_train"] or not len(generated):
        return Measures(**counts, missing=dict.fromkeys(("frechet", "accuracy", "copies"), "no-training-images"))
    judge = train_judge(data, seed=seed, on_progress=on_progress)
    features, predicted = judge.look(generated)
    missing: dict[str, str] = {}
    found, reason = _fidelity(data, judge, (features, labels), seed)
    if reason:
        missing["frechet"] = reason
    if judge.knows_classes:
        found |= _classes(data, judge, predicted, labels)
    else:
        missing |= {"accuracy": "one-class", "agreement": "one-class"}
    if judge.knows_classes and not counts["n_test"]:
        missing["accuracy"] = "no-test-images"
    copies = _copies(data, generated)
    if copies is None:
        missing["copies"] = "nothing-to-compare"
    found |= _nearer(data, generated, seed)
    return Measures(**counts, **found, copies=copies, missing=missing)


def _fidelity(
    data: PreparedImages, judge: Judge, drawn: tuple[NDArray[np.float64], NDArray[np.integer[Any]]], seed: int
) -> tuple[dict[str, Any], str]:
    """Distance and floor for the features and labels ``drawn``, or the reason why there is none."""
    features, labels = drawn
    test, train = data.subset("test"), data.subset("train")
    if not len(test):
        return {}, "no-test-images"
    random = np.random.default_rng(derived(seed, "floor"))
    pairs = [_same_mix(labels, data.labels[train], random) for _ in range(DRAWS)]
    compared = len(pairs[0][0])
    if min(len(test), compared) < FEWEST:
        return {}, "too-few-images"
    unseen, _ = judge.look(data.images(test))
    known, _ = judge.look(data.images(train))
    return {
        "n_compared": compared,
        "frechet": float(np.mean([frechet_distance(features[ours], unseen) for ours, _ in pairs])),
        "frechet_floor": float(np.mean([frechet_distance(known[real], unseen) for _, real in pairs])),
    }, ""


def _same_mix(
    first: NDArray[np.integer[Any]], second: NDArray[np.integer[Any]], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Random positions in two label lists with the same number of every class: as many as both sides have."""
    ours: list[NDArray[np.int64]] = []
    real: list[NDArray[np.int64]] = []
    for label in np.unique(first):
        mine = np.flatnonzero(first == label)
        theirs = np.flatnonzero(second == label) if label >= 0 else np.arange(len(second))
        count = min(len(mine), len(theirs))
        ours.append(random.permutation(mine)[:count])
        real.append(random.permutation(theirs)[:count])
    return np.concatenate(ours), np.concatenate(real)


def _classes(
    data: PreparedImages, judge: Judge, predicted: NDArray[np.int64], labels: NDArray[np.integer[Any]]
) -> dict[str, Any]:
    test = data.subset("test")
    _, seen = judge.look(data.images(test))
    accuracy, n_accuracy = _shares(data.classes, seen, data.labels[test])
    agreement, n_agreement = _shares(data.classes, predicted, labels)
    return {"accuracy": accuracy, "n_accuracy": n_accuracy, "agreement": agreement, "n_agreement": n_agreement}


def _shares(
    classes: tuple[str, ...], predicted: NDArray[np.int64], wanted: NDArray[np.integer[Any]]
) -> tuple[dict[str, float | None], dict[str, int]]:
    shares: dict[str, float | None] = {}
    counts: dict[str, int] = {}
    for index, name in enumerate(classes):
        asked = wanted == index
        counts[name] = int(asked.sum())
        shares[name] = float((predicted[asked] == index).mean()) if counts[name] else None
    return shares, counts


def _nearer(data: PreparedImages, generated: NDArray[np.floating[Any]], seed: int) -> dict[str, float]:
    """Nothing where too few images are held out to stand for the population, or to be compared with it."""
    test, val = data.subset("test"), data.subset("val")
    if min(len(test), len(val)) < FEWEST:
        return {}
    known, unseen = (standardised(data.images(data.subset(split))) for split in ("train", "val"))
    random = np.random.default_rng(derived(seed, "nearer"))
    ours, floor = nearer_shares([generated, data.images(test)], known, unseen, random)
    return {"nearer": ours, "nearer_floor": floor}


def _copies(data: PreparedImages, generated: NDArray[np.floating[Any]]) -> Copies | None:
    check = CopyCheck(data)
    if check.rule is None:
        return None
    found = check.nearest(generated)
    suspects = check.suspects(found)
    return Copies(
        share=float(suspects.mean()),
        threshold=check.rule.threshold,
        reference=check.rule.reference,
        n_reference=check.rule.n,
        nearest=tuple(int(index) for index in check.train[found.index]),
        distance=tuple(float(value) for value in found.distance),
        suspect=tuple(bool(value) for value in suspects),
    )
