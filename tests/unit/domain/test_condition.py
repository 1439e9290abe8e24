"""Attributes: what a cohort knows of them, and what may be asked."""

from __future__ import annotations

import pytest

from app.domain.condition import Attribute, asked, described
from app.domain.errors import BadUsage

SEX, AGE = Attribute("Sex", ("F", "M"), known=3), Attribute("Age", (), 21.0, 84.0, 2)


def test_they_are_described_by_the_training_images_alone() -> None:
    training = [{"Sex": "M", "Age": 84.0}, {"Sex": "F", "Age": 21.0}, {"Sex": "F"}]
    assert described(training, {"Sex", "Age", "never seen in training"}) == (AGE, SEX)


def test_a_value_has_a_place_and_back() -> None:
    assert (SEX.place("M"), SEX.told(1.0)) == (1.0, "M")
    assert (AGE.place(30.5), AGE.told(30.5)) == (30.5, 30.5)
    assert SEX.place("O") is None
    assert SEX.place(None) is None
    assert AGE.place(None) is None
    assert AGE.place("young") is None


def test_what_is_asked_is_read_in_any_case_and_with_a_comma() -> None:
    assert asked((SEX, AGE), {"sex": "f", " AGE": "30,5"}) == {"Sex": "F", "Age": 30.5}


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"Scanner": "A"}, r"no attribute “Scanner”.*Sex \(F, M\); Age \(21 to 84\)"),
        ({"Sex": "X"}, "“X” is no value of Sex.*Choose from F, M"),
        ({"Age": "old"}, "Choose from 21 to 84"),
        ({"Age": "85"}, "Choose from 21 to 84"),
        ({"Age": "nan"}, "Choose from 21 to 84"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(wanted: dict[str, str], said: str) -> None:
    with pytest.raises(BadUsage, match=said):
        asked((SEX, AGE), wanted)


def test_a_run_without_attributes_says_so() -> None:
    with pytest.raises(BadUsage, match="Its attributes: none"):
        asked((), {"Sex": "F"})
