"""Which slices belong together: one rule, one test, on header facts alone."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.study import Series
from app.imaging.content import FileContent
from tests.helpers.contents import AXIAL, CORONAL, SAGITTAL, assembled, counts, slices_at, told

TEN = [5.0 * n for n in range(10)]


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 128},
        {"columns": 128},
        {"orientation": (0.98, 0.199, 0.0, -0.199, 0.98, 0.0)},
        {"spacing_mm": (0.9, 0.9)},
        {"spacing_mm": None},
        {"variant": ("12", "", "ORIGINAL\\PRIMARY\\AXIAL", "B30", "")},
        {"variant": ("", "2", "ORIGINAL\\PRIMARY\\AXIAL", "B30", "")},
        {"variant": ("", "", "ORIGINAL\\PRIMARY\\P", "B30", "")},
        {"variant": ("", "", "ORIGINAL\\PRIMARY\\AXIAL", "B70", "")},
        {"variant": ("", "", "ORIGINAL\\PRIMARY\\AXIAL", "B30", "mgml")},
        {"unit": "stored"},
        {"modality": "PT"},
        {"frame_of_reference_uid": "1.2.10"},
        {"apart": "localiser"},
        {"series_uid": "1.2.4"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_slices_that_differ_in_kind_are_series_of_their_own(changes: dict[str, Any]) -> None:
    usual = slices_at(TEN[:6])
    other = slices_at(TEN[6:], "b", first=7, **changes)
    assert counts(usual + other) == [4, 6]


@pytest.mark.parametrize(
    "wobbly",
    [
        {"orientation": lambda n: (1.0, 0.005 * (-1) ** n, 0.0, 0.0, 1.0, 0.0)},
        {"spacing_mm": lambda n: (0.8005, 0.8) if n % 2 else (0.8, 0.8)},
        {"unit": lambda n: "rescaled" if n % 2 else "stored"},
        {"order": lambda n: float(n * 7 % 11)},
        {"tags": lambda n: {"SliceThickness": str(n), "Exposure": str(n)}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_rounding_numbers_and_settings_split_nothing(wobbly: dict[str, Callable[[int], Any]]) -> None:
    """Scanners change exposure along the body and round what they write."""
    ((name, value),) = wobbly.items()
    contents = [slices_at([5.0 * n], str(n), first=n + 1, **{"unit": "stored", name: value(n)})[0] for n in range(10)]
    (one,) = assembled(contents).series
    assert [instance.position_mm for instance in one.instances] == pytest.approx(TEN)
    assert one.warnings == ()


@pytest.mark.parametrize("name", ["AcquisitionNumber", "AcquisitionTime", "ContentTime", "TriggerTime"])
def test_what_counts_slices_splits_nothing(name: str) -> None:
    assert counts(told(slices_at(TEN), (name, lambda n: 100 + n))) == [10]
    repeated = slices_at([*TEN[:3], 10.0, 15.0])
    (one,) = assembled(told(repeated, (name, lambda n: 100 + n))).series
    assert "1 of 5 slices lie at the same position" in one.warnings[0]


def _points(count: int, places: int = 6, **changes: Any) -> list[list[FileContent]]:
    """Time points, numbered on."""
    return [slices_at(TEN[:places], f"t{t}", first=1 + t * places, **changes) for t in range(count)]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("TemporalPositionIdentifier", "time point 12"),
        ("TemporalPositionIndex", "time point 12"),
        ("AcquisitionNumber", "acquisition 12"),
        ("DiffusionBValue", "b 12"),
        ("TriggerTime", "phase 3"),
        ("AcquisitionTime", "time point 3"),
        ("ContentTime", "time point 3"),
        ("EffectiveEchoTime", "echo 12 ms"),
        ("DiffusionGradientOrientation", "direction 3"),
    ],
)
def test_repetitions_are_told_apart_by_what_the_scanner_wrote(name: str, words: str) -> None:
    contents = [one for t, point in enumerate(_points(4)) for one in told(point, (name, 10 + t))]
    random.Random(1).shuffle(contents)
    found = assembled(contents).series
    assert [len(one.instances) for one in found] == [6] * 4
    assert found[2].description == words
    assert {instance.sop_instance_uid.split(".")[2] for instance in found[2].instances} == {"t2"}
    assert all(one.warnings == () for one in found)


def test_the_sign_of_a_time_point_that_means_nothing_is_passed_over() -> None:
    contents = [one for t, p in enumerate(_points(3)) for one in told(p, ("TemporalPositionIdentifier", 1))]
    contents = told(contents, ("AcquisitionNumber", lambda n: (n - 1) // 6))
    assert counts(contents) == [6, 6, 6]


def test_directions_of_a_diffusion_series_are_told_apart_below_their_b_values() -> None:
    without, *directed = _points(7)
    contents = told(without, ("DiffusionBValue", 0))
    for number, point in enumerate(directed):
        contents += told(point, ("DiffusionBValue", 1000), ("DiffusionGradientOrientation", f"0\\{number}\\1"))
    found = assembled(contents).series
    assert [len(one.instances) for one in found] == [6] * 7
    assert {one.description for one in found} >= {"b 0", "b 1000, direction 2"}


def test_two_factors_are_told_apart_together() -> None:
    contents = []
    for t, point in enumerate(_points(6)):
        contents += told(point, ("EffectiveEchoTime", (10, 20)[t % 2]), ("TemporalPositionIndex", t // 2))
    found = assembled(contents).series
    assert [len(one.instances) for one in found] == [6] * 6
    assert len({one.key for one in found}) == 6


@pytest.mark.parametrize("order", ["rounds", "rows"])
@pytest.mark.parametrize("start", [0, 1, 161])
def test_without_attributes_the_numbers_tell_repetitions_even_where_files_fell_out(order: str, start: int) -> None:
    places, times = 6, 4
    contents = []
    for place in range(places):
        for time in range(times):
            number = time * places + place if order == "rounds" else place * times + time
            contents += slices_at([5.0 * place], f"t{time}", first=start + number)
    for lost in ((), (7,), (7, 20), *([(0,)] if start == 1 else [])):
        kept = [one for number, one in enumerate(contents) if number not in lost]
        found = assembled(kept).series
        assert sum(len(one.instances) for one in found) == len(kept)
        for number, one in enumerate(found):
            assert one.description == f"repetition {number + 1}"
            assert {instance.sop_instance_uid.split(".")[2] for instance in one.instances} == {f"t{number}"}


def test_interleaved_numbers_of_equal_repetitions_are_dealt_by_rank() -> None:
    contents = [slices_at([5.0 * p], f"{t}{p}", first=n)[0] for n, (t, p) in enumerate([
        (0, 0), (0, 2), (0, 1), (1, 1), (1, 0), (1, 2),
    ])]  # fmt: skip
    found = assembled(contents).series
    assert [{i.sop_instance_uid.split(".")[2][0] for i in one.instances} for one in found] == [{"0"}, {"1"}]


def test_a_slice_sent_twice_is_a_warning_and_no_series() -> None:
    for extra in (0.0, 20.0, 45.0):
        (one,) = assembled(slices_at([*TEN, extra])).series
        assert one.warnings == ("1 of 11 slices lie at the same position as another one.",)
    assert counts(told(slices_at([0.0, 5.0, 5.0]), ("ContentTime", lambda n: 100 + n))) == [3]


def test_pictures_of_one_place_are_a_movie_in_the_order_of_time() -> None:
    contents = told(slices_at([5.0] * 8, modality="MR"), ("TriggerTime", lambda n: (n * 90) % 350))
    (one,) = assembled(contents).series
    times = [(int(instance.sop_instance_uid.split(".")[3]) * 90) % 350 for instance in one.instances]
    assert times == sorted(times)
    assert one.warnings == ("All 8 images show the same place, one after another.",)


def test_two_acquisitions_that_do_not_fit_each_other_are_two_stacks() -> None:
    chest = told(slices_at([0.0, 5.0, 10.0, 15.0]), ("AcquisitionNumber", 1))
    belly = told(slices_at([22.0, 27.0, 32.0], "b", first=5), ("AcquisitionNumber", 2))
    fitting = told(slices_at([20.0, 25.0, 30.0, 35.0], "b", first=5), ("AcquisitionNumber", 2))
    two = assembled(chest + belly).series
    assert [(len(one.instances), one.warnings) for one in two] == [(4, ()), (3, ())]
    assert [one.description for one in two] == ["acquisition 1", "acquisition 2"]
    assert counts(chest + fitting) == [8]
    gone = [*chest, *fitting[1:]]
    assert counts(gone) == [7], "a slice that fell out splits nothing"


def test_an_overview_slice_inside_a_series_is_set_apart() -> None:
    found = assembled(slices_at(TEN) + slices_at([3.0], "b", first=11, orientation=SAGITTAL)).series
    assert {(len(one.instances), one.apart) for one in found} == {(10, ""), (1, "overview")}


def test_three_short_stacks_at_right_angles_are_a_localiser() -> None:
    def survey(slices: int) -> list[FileContent]:
        planes = {"a": AXIAL, "b": CORONAL, "c": SAGITTAL}
        return [one for name, turn in planes.items() for one in slices_at(TEN[:slices], name, orientation=turn)]

    assert {one.apart for one in assembled(survey(5)).series} == {"localiser"}
    reformats = [one for name, turn in (("a", AXIAL), ("b", CORONAL), ("c", SAGITTAL))
                 for one in slices_at([1.0 * n for n in range(60)], name, orientation=turn)]  # fmt: skip
    assert {one.apart for one in assembled(reformats).series} == {""}


def test_what_the_header_sets_apart_stays_apart() -> None:
    (one,) = assembled(slices_at(TEN, apart="dose report")).series
    assert one.apart == "dose report"


def test_a_series_names_what_is_odd_about_it() -> None:
    def said(contents: list[FileContent]) -> tuple[str, ...]:
        (one,) = assembled(contents).series
        return one.warnings

    def mixed(keyword: str, *values: str) -> list[FileContent]:
        return [slices_at([5.0 * n], str(n), first=n, tags={keyword: value})[0] for n, value in enumerate(values)]

    assert said(slices_at(TEN[:2])) == ("There are only 2 slices, too few for a volume.",)
    assert said(slices_at(TEN[:1])) == ("There is only 1 slice, too few for a volume.",)
    assert said(slices_at(TEN[:1], modality="DX")) == ()
    unplaced = [replace(c, frames=(replace(c.frames[0], position=None, orientation=()),)) for c in slices_at(TEN)]
    assert said(unplaced) == ("The files give no positions; the slices are in the order of their numbers.",)
    assert said([replace(one, modality="MG") for one in unplaced]) == ()
    assert said(mixed("RescaleSlope", "1", "0.5", "0.5")) == (
        "The slices are scaled by different factors (0.5 to 1); each by its own.",
    )
    assert said(mixed("RescaleSlope", "1", "1.0", "1.00")) == ()
    assert said(mixed("PatientPosition", "HFS", "FFS", "HFS")) == (
        "The patient lay differently for some of the slices (FFS, HFS).",
    )
    pet = [slices_at([5.0 * n], str(n), modality="PT", tags={"RescaleSlope": str(n + 1)})[0] for n in range(4)]
    assert said(pet) == ()


def test_series_of_one_frame_of_reference_share_a_hash_of_it() -> None:
    contents = slices_at(TEN) + slices_at(TEN, "b", series_uid="1.2.4")
    contents += slices_at(TEN, "c", series_uid="1.2.5", frame_of_reference_uid="1.2.10")
    contents += slices_at(TEN, "d", series_uid="1.2.6", frame_of_reference_uid="")
    one, same, other, unknown = (s.frame_of_reference for s in assembled(contents).series)
    assert one == same != other
    assert unknown == ""
    assert "1.2.9" not in one


def _scan() -> list[FileContent]:
    """Two examinations' worth: time points with and without attributes, acquisitions, a movie, an overview."""
    contents = [o for t, p in enumerate(_points(4)) for o in told(p, ("TemporalPositionIdentifier", t + 1))]
    contents += [o for p in _points(3) for o in slices_at(TEN[:6], p[0].path.parent.name + "n", first=int(
        p[0].frames[0].order), series_uid="1.2.4")]  # fmt: skip
    contents += told(slices_at(TEN, "ct", series_uid="1.2.5"), ("AcquisitionNumber", lambda n: n // 6))
    contents += slices_at([3.0], "ov", series_uid="1.2.5", orientation=SAGITTAL)
    contents += told(slices_at([3.0] * 5, "cine", series_uid="1.2.6"), ("TriggerTime", lambda n: 900 - n))
    return contents


def _facts(found: tuple[Series, ...]) -> list[Series]:
    return sorted(found, key=lambda one: one.key)


@settings(max_examples=40, deadline=None)
@given(st.randoms(use_true_random=False))
def test_the_order_of_files_and_of_their_coming_changes_nothing(chance: random.Random) -> None:
    contents = _scan()
    expected = assembled(contents)
    chance.shuffle(contents)
    half = chance.randrange(1, len(contents))
    assembled(contents[:half])
    assert assembled(contents) == expected


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_files_that_fall_out_change_no_key_of_what_stays(data: st.DataObject) -> None:
    """Labels hang on keys: whole time points may go, and single files of what stays."""
    contents = _scan()
    before = {i.sop_instance_uid: one.key for one in assembled(contents).series for i in one.instances}
    groups = sorted({content.path.parent.name for content in contents} - {"t0n", "t1n", "t2n"})
    gone = data.draw(st.sets(st.sampled_from(groups), max_size=len(groups) - 1))
    lost = data.draw(st.sets(st.sampled_from(sorted(before)), max_size=2))
    kept = [c for c in contents if c.path.parent.name not in gone and c.sop_instance_uid not in lost]
    for one in assembled(kept).series:
        assert {before[instance.sop_instance_uid] for instance in one.instances} == {one.key}


def test_time_points_that_come_later_change_no_key() -> None:
    points = [told(p, ("TemporalPositionIdentifier", t + 1)) for t, p in enumerate(_points(5))]
    (alone,) = assembled(points[2]).series
    together = assembled([one for point in points for one in point]).series
    assert alone.key in {one.key for one in together}
    keys = {one.key for one in together}
    assert len(keys) == 5


def test_the_last_slice_that_is_left_keeps_the_key() -> None:
    contents = told(slices_at(TEN), ("AcquisitionNumber", lambda n: n), ("ContentTime", lambda n: 100 + n))
    (whole,), (rest,) = assembled(contents).series, assembled(contents[4:5]).series
    assert rest.key == whole.key


def test_numbered_repetitions_that_come_later_leave_the_first_its_key() -> None:
    points = [slices_at(TEN[:6], f"t{t}", first=1 + 6 * t) for t in range(3)]
    (alone,) = assembled(points[0]).series
    assert alone.key == assembled([one for point in points for one in point]).series[0].key
