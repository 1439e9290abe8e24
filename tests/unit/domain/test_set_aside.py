"""Inputs that were set aside, sorted by reason."""

from __future__ import annotations

from app.domain import wording
from app.domain.set_aside import TITLES, grouped
from app.domain.study import Quarantined


def test_every_title_belongs_to_a_sentence_of_the_program() -> None:
    assert set(TITLES) <= set(wording.SENTENCES)


def test_large_groups_come_first_kept_objects_last_and_each_kind_of_object_alone() -> None:
    inputs = [
        Quarantined("/b", "not-an-image", "No image."),
        Quarantined("/a", "not-an-image", "No image."),
        Quarantined("/c", "damaged-file", "The file is damaged: short."),
        Quarantined("/k1", "kept-object", "The file holds a segmentation. It stays."),
        Quarantined("/k2", "kept-object", "The file holds a report. It stays."),
        Quarantined("/k3", "kept-object", "The file holds a report. It stays."),
    ]
    groups = grouped(inputs)
    assert [(group.title, len(group.inputs), group.kept) for group in groups] == [
        ("Not images", 2, False),
        ("Damaged files", 1, False),
        ("A report", 2, True),
        ("A segmentation", 1, True),
    ]
    assert [one.path for one in groups[0].inputs] == ["/a", "/b"]


def test_a_reason_without_a_title_is_called_by_its_sentence() -> None:
    (group,) = grouped([Quarantined("/a", "some-new-code", "Something new happened. Try again.")])
    assert group.title == "Something new happened"
