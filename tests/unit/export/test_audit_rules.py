from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.audit import Level
from app.domain.audit_rules import CopyFigures, binomial_tail, classes, copies, fidelity

NONE_FOUND = CopyFigures(generated=60, suspected=0, screened_out=0, reference="held-out", references=100)


@pytest.mark.parametrize(
    ("distance", "compared", "level"),
    [(2.0, 200, Level.PASS), (2.0, 10, Level.CAUTION), (5.0, 200, Level.CAUTION), (20.0, 200, Level.FAIL)],
)
def test_fidelity_is_judged_against_its_floor(distance, compared, level):
    verdict = fidelity(distance, 1.0, compared)
    assert verdict.level is level
    assert f"{distance:.1f} times" in verdict.sentence


@pytest.mark.parametrize(("strange", "level"), [(0.05, Level.PASS), (0.4, Level.CAUTION), (0.6, Level.FAIL)])
def test_pictures_unlike_any_real_image_do_not_pass_whatever_the_classifier_feels(strange, level):
    verdict = fidelity(1.0, 1.0, 200, strange=strange)
    assert verdict.level is level
    assert ("less like any training image" in verdict.sentence) == (level is not Level.PASS)


def test_noise_is_said_even_where_the_distance_could_not_be_measured():
    assert fidelity(None, None, 0, "too-few-images", strange=1.0).level is Level.FAIL
    assert fidelity(None, None, 0, "too-few-images", strange=0.0).level is Level.UNKNOWN


def test_what_was_not_measured_is_unknown_with_its_reason():
    for verdict in (
        fidelity(None, None, 0, "no-test-images"),
        classes({}, {}, "one-class"),
        copies(None, "nothing-to-compare"),
    ):
        assert verdict.level is Level.UNKNOWN
        assert ": " in verdict.sentence
    assert "only one class" in classes({}, {}, "one-class").sentence


@pytest.mark.parametrize(
    ("agreement", "level"), [(0.8, Level.PASS), (0.6, Level.CAUTION), (0.4, Level.FAIL), (0.0, Level.FAIL)]
)
def test_the_weakest_class_decides(agreement, level):
    verdict = classes({"a": 0.9, "b": 0.9}, {"a": 0.9, "b": agreement})
    assert verdict.level is level
    assert "“b”" in verdict.sentence


@pytest.mark.parametrize(
    ("accuracy", "why"),
    [(None, "it has no unseen real images"), (0.0, "the classifier recognises none of its unseen real images")],
)
def test_a_class_that_cannot_be_judged_is_named_with_its_reason_and_keeps_the_verdict_low(accuracy, why):
    verdict = classes({"a": 0.9, "b": accuracy, "c": 0.9}, {"a": 0.9, "b": 0.9, "c": 0.9})
    assert verdict.level is Level.CAUTION
    assert f"Not judged: b ({why})." in verdict.sentence


def test_a_classifier_that_guesses_judges_nothing():
    assert classes({"a": 0.5, "b": 0.5}, {"a": 1.0, "b": 1.0}).level is Level.UNKNOWN


def test_a_class_that_was_not_generated_is_no_failure():
    assert classes({"a": 0.9, "b": 0.9}, {"a": 0.9, "b": None}).level is Level.PASS


@pytest.mark.parametrize(
    ("changes", "level"),
    [
        ({}, Level.PASS),
        ({"suspected": 1}, Level.CAUTION),
        ({"suspected": 20}, Level.FAIL),
        ({"screened_out": 40}, Level.FAIL),
        ({"screened_out": 6}, Level.CAUTION),
        ({"reference": "neighbouring slices"}, Level.CAUTION),
        ({"reference": "other patients"}, Level.CAUTION),
        ({"references": 5}, Level.CAUTION),
    ],
)
def test_copies(changes, level):
    verdict = copies(replace(NONE_FOUND, **changes))
    assert verdict.level is level
    assert ("An export leaves them out." in verdict.sentence) == (
        verdict.level is not Level.FAIL and "suspected" in changes
    )


def test_few_references_do_not_turn_chance_into_a_failure():
    few = CopyFigures(generated=10, suspected=3, screened_out=0, reference="held-out", references=3)
    assert few.share > 0.2
    assert copies(few).level is Level.CAUTION


@given(st.integers(1, 60), st.floats(0.01, 0.99), st.data())
def test_the_tail_falls_from_one(of, probability, data):
    least = data.draw(st.integers(1, of))
    assert binomial_tail(0, of, probability) == 1.0
    assert 0.0 <= binomial_tail(least, of, probability) <= binomial_tail(least - 1, of, probability) + 1e-12


def test_the_tail_of_three_coins():
    assert binomial_tail(2, 3, 0.5) == pytest.approx(0.5)
