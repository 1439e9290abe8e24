"""Which series could show a face, and what is said of the pictures of a run that may have learnt faces."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain import heads
from app.domain.recipe import Recipe
from app.domain.run import RunRecord
from app.domain.study import SourceKind

RUN = RunRecord("run-1", "c", "", "vae", "", None, 5, 0, "cpu", "2026-01-01", recipe=Recipe().to_json())


@pytest.mark.parametrize(
    ("kind", "modality", "answer"),
    [
        (SourceKind.DICOM, "CT", True),
        (SourceKind.DICOM, "MR", True),
        (SourceKind.DICOM, "PT", True),
        (SourceKind.DICOM, "DX", False),
        (SourceKind.DICOM, "", False),
        (SourceKind.NIFTI, "", True),
        (SourceKind.VOLUME, "", True),
        (SourceKind.IMAGE, "", False),
    ],
)
def test_only_stacks_of_slices_could_show_a_face(kind: SourceKind, modality: str, answer: bool) -> None:
    assert heads.may_show_a_face(kind, modality) is answer


def test_pictures_of_a_run_that_saw_no_face_need_no_remark() -> None:
    assert heads.remark(RUN) == ""
    assert heads.remark(replace(RUN, faces=heads.tally([heads.DEFACED, heads.NO_HEAD, heads.DEFACED]))) == ""


def test_what_was_kept_or_not_checked_is_said() -> None:
    said = heads.remark(replace(RUN, faces=heads.tally([heads.NOT_CHECKED, heads.KEPT, heads.KEPT, heads.DEFACED])))
    assert "2 series without looking for faces and from 1 series that could not be checked" in said
    assert heads.remark(replace(RUN, recipe={})) == heads.EARLIER
