"""Measures on sets with known content: planted copies, other classes, noise, and very little data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.data.prepared import PreparedImages
from models.evaluate.classifier import train_judge
from models.evaluate.frechet import frechet_distance
from models.evaluate.measures import Measures, measure
from models.evaluate.neighbours import CopyCheck
from tests.helpers.prepared_factory import pictures, write_prepared


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> PreparedImages:
    return write_prepared(tmp_path_factory.mktemp("set") / "prepared", train=120, val=20, test=40, patients=30)


@pytest.fixture(scope="module")
def fresh() -> tuple[np.ndarray, np.ndarray]:
    return pictures(40, 16, seed=99)


@pytest.fixture(scope="module")
def honest(data: PreparedImages, fresh: tuple[np.ndarray, np.ndarray]) -> Measures:
    return measure(data, *fresh, seed=0)


def test_new_images_of_the_same_kind_measure_like_real_ones(honest: Measures) -> None:
    assert honest.frechet is not None
    assert honest.frechet_floor is not None
    assert honest.frechet < 3 * honest.frechet_floor
    assert honest.n_compared == 40
    assert honest.accuracy["light"] is not None
    assert honest.accuracy["light"] > 0.9
    assert honest.agreement["dark"] is not None
    assert honest.agreement["dark"] > 0.9
    assert honest.n_agreement == {"dark": 20, "light": 20}
    assert honest.missing == {}


def test_copies_lie_nearer_to_the_training_images_and_new_images_do_not(tmp_path: Path) -> None:
    even = write_prepared(tmp_path / "even", train=60, val=60, test=60)
    train = even.subset("train")
    sets = ((even.images(train), even.labels[train]), pictures(60, 16, 9))
    copies, new = (measure(even, *one, seed=0) for one in sets)
    assert copies.nearer is not None
    assert new.nearer is not None
    assert new.nearer_floor is not None
    assert abs(new.nearer - new.nearer_floor) < 0.2
    assert copies.nearer > 0.95


def test_without_enough_held_out_images_nearness_is_not_judged(tmp_path: Path) -> None:
    few = write_prepared(tmp_path / "few", train=20, val=4, test=10)
    found = measure(few, few.images(few.subset("test")), few.labels[few.subset("test")], seed=0)
    assert (found.nearer, found.nearer_floor) == (None, None)


def test_noise_measures_far_worse(data: PreparedImages, honest: Measures) -> None:
    noise = np.random.default_rng(0).uniform(-1, 1, (40, 1, 16, 16)).astype(np.float32)
    found = measure(data, noise, np.arange(40) % 2, seed=0)
    assert found.frechet is not None
    assert honest.frechet is not None
    assert found.frechet > 10 * honest.frechet


def test_swapped_labels_lose_the_agreement(data: PreparedImages, fresh: tuple[np.ndarray, np.ndarray]) -> None:
    found = measure(data, fresh[0], 1 - fresh[1], seed=0)
    assert max(share or 0.0 for share in found.agreement.values()) < 0.2


def test_planted_copies_are_found_with_their_originals(
    data: PreparedImages, fresh: tuple[np.ndarray, np.ndarray], honest: Measures
) -> None:
    train = data.subset("train")
    planted = data.images(train[[3, 50, 77]])
    random = np.random.default_rng(0)
    altered = [planted[0], planted[1][..., ::-1], planted[2] * 0.8 - 0.1]
    noisy = np.stack(altered) + random.normal(0, 0.01, planted.shape).astype(np.float32)
    found = measure(data, np.concatenate([noisy, fresh[0][:17]]), np.arange(20) % 2, seed=0)
    assert found.copies is not None
    assert honest.copies is not None
    assert found.copies.suspect[:3] == (True, True, True)
    assert found.copies.nearest[:3] == tuple(train[[3, 50, 77]])
    assert found.copies.share == pytest.approx(np.mean(found.copies.suspect))
    assert found.copies.reference == "held-out"
    assert found.copies.n_reference == 60
    assert honest.copies.share <= 0.1


@pytest.mark.parametrize(("patients", "reference"), [(10, "other patients"), (1, "neighbouring slices")])
def test_without_held_out_images_the_rule_says_what_it_compared(tmp_path: Path, patients: int, reference: str) -> None:
    data = write_prepared(tmp_path / "p", train=40, patients=patients)
    check = CopyCheck(data)
    assert check.rule is not None
    assert (check.rule.reference, check.rule.n) == (reference, 40)
    own = data.images(data.subset("train"))
    assert check.suspects(check.nearest(own)).all()
    assert not check.suspects(check.nearest(pictures(20, 16, seed=7)[0])).all()


def test_other_patients_ignore_a_patients_own_slices(tmp_path: Path) -> None:
    images, _ = pictures(6, 16, seed=1)
    images[3:] = images[:3]
    data = write_prepared(tmp_path / "p", train=6, patients=3)
    data = PreparedImages.write(tmp_path / "q", images, replace(data.facts, groups=(0, 1, 2, 0, 1, 2)))
    rule = CopyCheck(data).rule
    assert rule is not None
    assert rule.threshold > 0.05


def test_five_images_of_one_class_without_test_images(tmp_path: Path) -> None:
    data = write_prepared(tmp_path / "p", train=5, classes=("only",))
    found = measure(data, *pictures(4, 16, seed=2)[:1], np.zeros(4, dtype=np.int64), seed=0)
    assert found.frechet is None
    assert found.accuracy == {}
    assert found.missing == {"frechet": "no-test-images", "accuracy": "one-class", "agreement": "one-class"}
    assert found.copies is not None
    assert len(found.copies.nearest) == 4


def test_one_class_with_test_images_still_has_a_distance(tmp_path: Path) -> None:
    data = write_prepared(tmp_path / "p", train=30, test=12, classes=("only",))
    found = measure(data, pictures(12, 16, seed=2)[0], np.zeros(12, dtype=np.int64), seed=0)
    assert found.frechet is not None
    assert found.frechet_floor is not None


def test_one_training_image_and_nothing_else(tmp_path: Path) -> None:
    data = write_prepared(tmp_path / "p", train=1)
    found = measure(data, pictures(2, 16, seed=2)[0], np.array([0, 1]), seed=0)
    assert found.copies is None
    assert found.missing["copies"] == "nothing-to-compare"


def test_no_training_images_and_no_generated_images(tmp_path: Path, data: PreparedImages) -> None:
    empty = write_prepared(tmp_path / "p", train=0, test=9)
    assert measure(empty, *pictures(3, 16, seed=2), seed=0).missing["copies"] == "no-training-images"
    with pytest.raises(ValueError, match="do not fit"):
        measure(data, pictures(3, 16, seed=2)[0], np.array([0]), seed=0)


def test_the_same_seed_gives_the_same_judge(data: PreparedImages) -> None:
    images = data.images(data.subset("test"))
    told: list[tuple[int, int]] = []
    first, _ = train_judge(data, seed=4, on_progress=lambda done, total: told.append((done, total))).look(images)
    again, _ = train_judge(data, seed=4).look(images)
    other, _ = train_judge(data, seed=5).look(images)
    assert np.array_equal(first, again)
    assert not np.allclose(first, other)
    assert told[-1][0] == told[-1][1] == len(told)


def test_the_distance_of_two_gaussians_is_the_closed_form() -> None:
    random = np.random.default_rng(0)
    first = random.normal(0.0, 1.0, (200_000, 2))
    second = random.normal(0.0, 1.0, (200_000, 2)) * [2.0, 0.5] + [3.0, 0.0]
    assert frechet_distance(first, second) == pytest.approx(9.0 + 1.0 + 0.25, rel=0.02)
    assert frechet_distance(first, first) == pytest.approx(0.0, abs=1e-6)
    with pytest.raises(ValueError, match="at least two"):
        frechet_distance(first[:1], second)
