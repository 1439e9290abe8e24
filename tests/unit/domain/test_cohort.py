"""Splits by patient, whatever the patients are."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cohort import SPLITS, parse_shares, rename_splits, split_patients
from app.domain.errors import BadUsage

labelled = st.dictionaries(
    st.text("abcdefgh", min_size=1, max_size=4),
    st.lists(st.sampled_from(["cyst", "nodule", "normal"]), min_size=1, max_size=30),
    min_size=1,
    max_size=40,
)


@given(labelled, st.integers(0, 5))
def test_every_patient_has_one_split_and_every_class_is_learnt(labels: dict[str, list[str]], seed: int) -> None:
    splits = split_patients(labels, (0.7, 0.15, 0.15), seed=seed)
    assert splits.keys() == labels.keys()
    assert set(splits.values()) <= set(SPLITS)
    learnt = {name for patient, split in splits.items() if split == "train" for name in labels[patient]}
    assert learnt == {name for images in labels.values() for name in images}
    assert splits == split_patients(dict(reversed(labels.items())), (0.7, 0.15, 0.15), seed=seed)


def test_the_shares_are_kept_in_every_class() -> None:
    labels = {f"{name}{n}": [name] * 5 for name in ("cyst", "nodule") for n in range(100)}
    splits = split_patients(labels, (0.7, 0.15, 0.15))
    counted = Counter((labels[patient][0], split) for patient, split in splits.items())
    for name in ("cyst", "nodule"):
        assert [counted[name, split] for split in SPLITS] == pytest.approx([70, 15, 15], abs=1)


def test_a_share_of_nothing_holds_nobody_out() -> None:
    labels = {str(n): ["a"] for n in range(20)}
    assert set(split_patients(labels, (1.0, 0.0, 0.0)).values()) == {"train"}


@pytest.mark.parametrize(("text", "shares"), [("70/15/15", (0.7, 0.15, 0.15)), ("2/1/1", (0.5, 0.25, 0.25))])
def test_shares_are_read(text: str, shares: tuple[float, ...]) -> None:
    assert parse_shares(text) == pytest.approx(shares)


@pytest.mark.parametrize("text", ["", "70", "70/30", "a/b/c", "0/50/50", "-1/1/1", "1/1/1/1"])
def test_other_shares_are_refused(text: str) -> None:
    with pytest.raises(BadUsage, match="is not a split"):
        parse_shares(text)


def test_names_of_splits_as_people_write_them() -> None:
    assert rename_splits(["Training", "val", " TEST ", "guard"]) == {
        "Training": "train",
        "val": "val",
        " TEST ": "test",
    }
