from __future__ import annotations

from dataclasses import replace

import pytest

from app.domain.audit import AuditRecord, Level, Verdict
from app.domain.errors import Refused
from app.domain.sample_set import Sample, SampleSetRecord
from app.domain.selection import choose, folder_names

SAMPLES = SampleSetRecord(
    id="samples-1",
    run="run-1",
    checkpoint="last",
    checkpoint_sha256="",
    steps=None,
    guidance=None,
    seed=0,
    created="",
    screened_out=0,
    window=(0.0, 1.0),
    pixel_spacing_mm=None,
    samples=(Sample(0, "a", 10), Sample(1, "a", 11), Sample(2, "b", 12), Sample(3, "b", 13, kept=False)),
)


def audit(level=Level.PASS, suspected=(), judged=(0, 1, 2)):
    verdicts = (Verdict("copies", level, "", {}),)
    nearest = tuple((number, 0, 1.0) for number in judged)
    return AuditRecord("audit-1", "samples-1", "", "", verdicts, tuple(suspected), nearest, "held-out", {})


def test_suspected_copies_and_thrown_out_pictures_stay():
    chosen = choose(SAMPLES, audit(Level.CAUTION, suspected=[1]))
    assert [sample.number for sample in chosen.kept] == [0, 2]
    assert chosen.counts() == {"a": 1, "b": 1}
    assert {one.number: one.reason for one in chosen.left_out} == {
        1: "Suspected copy of a training image.",
        3: "Thrown out by hand.",
    }


def test_a_picture_that_was_never_judged_stays():
    assert [sample.number for sample in choose(SAMPLES, audit(judged=(0, 2))).kept] == [0, 2]


@pytest.mark.parametrize(("level", "code"), [(Level.FAIL, "copies-found"), (Level.UNKNOWN, "copies-unknown")])
def test_copies_and_ignorance_of_copies_both_block(level, code):
    with pytest.raises(Refused) as refusal:
        choose(SAMPLES, audit(level, suspected=[1]))
    assert refusal.value.code == code
    assert "{" not in str(refusal.value)


def test_copies_that_were_replaced_while_drawing_are_counted_too():
    judged = audit(Level.FAIL, suspected=[1])
    told = replace(judged, verdicts=(Verdict("copies", Level.FAIL, "They are.", {"screened out": 18}),))
    with pytest.raises(Refused, match=f"Of {len(judged.judged()) + 18} images drawn, 19 look like copies"):
        choose(SAMPLES, told)


def test_an_audit_without_a_copy_verdict_blocks():
    with pytest.raises(Refused):
        choose(SAMPLES, replace(audit(), verdicts=()))


def test_nothing_left_is_said():
    with pytest.raises(Refused) as refusal:
        choose(SAMPLES, audit(Level.CAUTION, suspected=[0, 1, 2]))
    assert refusal.value.code == "nothing-to-export"


def test_folder_names_are_safe_and_different():
    names = folder_names(["no tumor", "T1/T2", "T1:T2", "con", "..", "Ödem", "A", "a", ""])
    assert names["no tumor"] == "no tumor"
    assert names["Ödem"] == "Ödem"
    assert names["con"] == "con_"
    assert len({name.casefold() for name in names.values()}) == len(names)
    assert not any(set(name) & set('/\\:*?"<>|') or name in ("", ".", "..") for name in names.values())
