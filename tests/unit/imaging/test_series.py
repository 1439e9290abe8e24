import random
from pathlib import Path
from typing import Any

import pytest

from app.domain.recipe import Plane
from app.domain.study import Series
from app.imaging import reader, series, slices, volume
from tests.helpers.dicom_factory import write_enhanced, write_series

SECRET = b"a project's secret"


def _grouped(paths: list[Path]) -> list[Series]:
    shuffled = random.Random(3).sample(paths, len(paths))
    return [one for study in series.group(map(reader.read, shuffled), SECRET) for one in study.series]


def _only(folder: Path, **changes: Any) -> Series:
    found = _grouped(write_series(folder, **changes))
    assert len(found) == 1
    return found[0]


def _each(folder: Path, positions: list[float], **values: list[Any]) -> list[Path]:
    """A series whose slices have an attribute of their own each."""
    paths = []
    for number, position in enumerate(positions):
        own = tuple((keyword, many[number]) for keyword, many in values.items())
        more = (("InstanceNumber", number + 1), ("SOPInstanceUID", f"1.2.9.{number}"), *own)
        paths += write_series(folder / f"{number:03d}", positions=[position], modality="MR", extra=more)
    return paths


def test_slices_are_sorted_by_place_not_by_number(tmp_path: Path) -> None:
    one = _only(tmp_path, positions=[10.0, 0.0, 20.0, 5.0, 15.0])
    assert [i.position_mm for i in one.instances] == [0.0, 5.0, 10.0, 15.0, 20.0]
    assert one.spacing_mm == (1.0, 1.5, 5.0)
    assert one.warnings == ()


def test_an_oblique_stack_is_sorted_along_its_normal(tmp_path: Path) -> None:
    coronal = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)
    one = _only(tmp_path, positions=[9.0, 3.0, 6.0, 0.0], orientation=coronal)
    assert [i.position_mm for i in one.instances] == pytest.approx([0.0, 3.0, 6.0, 9.0])
    assert one.orientation == coronal


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"positions": [0, 5, 10, 20, 25]}, "1 of 6 slices are missing"),
        ({"positions": [0, 5, 10, 12, 21]}, "varies from 2.00 to 9.00 mm"),
        ({"positions": [0, 5, 10, 10, 15]}, "1 of 5 slices lie at the same position"),
        ({"tilt_degrees": 12.0}, "tilted gantry (12.0°)"),
        ({"with_positions": False}, "no positions"),
    ],
)
def test_an_irregular_stack_says_so(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    warnings = _only(tmp_path, **changes).warnings
    assert len(warnings) == 1
    assert sentence in warnings[0]


def test_small_jitter_is_no_irregularity(tmp_path: Path) -> None:
    assert _only(tmp_path, positions=[0, 6.96, 14.03, 21.0, 28.0]).warnings == ()


def test_without_positions_the_numbers_give_the_order(tmp_path: Path) -> None:
    one = _only(tmp_path, with_positions=False)
    assert [Path(i.path).name for i in one.instances] == [f"series_{n:03d}.dcm" for n in range(5)]


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": 20},
        {"spacing": (0.8, 0.8)},
        {"orientation": (0, 1, 0, 0, 0, -1)},
        {"extra": (("EchoTime", 80),)},
        {"extra": (("EchoNumbers", 2),)},
        {"extra": (("ImageType", ["ORIGINAL", "PRIMARY", "LOCALIZER"]),)},
        {"extra": (("ImageType", ["ORIGINAL", "PRIMARY", "P"]),)},
        {"extra": (("ConvolutionKernel", "B70f"),)},
        {"extra": (("RescaleType", "MGML"),)},
        {"extra": (("FrameOfReferenceUID", "1.2.3.4"),)},
    ],
)
def test_one_series_uid_is_split_by_what_differs(tmp_path: Path, changes: dict[str, Any]) -> None:
    usual = write_series(tmp_path / "a", positions=[0, 5, 10])
    other = write_series(tmp_path / "b", positions=[15, 20, 25, 30, 35], **changes)
    assert sorted(len(one.instances) for one in _grouped([*usual, *other[3:]])) == [2, 3]


def test_repeated_places_become_time_points(tmp_path: Path) -> None:
    places = [5.0 * (n % 3) for n in range(12)]
    found = _grouped(write_series(tmp_path, modality="MR", positions=places))
    assert [len(one.instances) for one in found] == [3, 3, 3, 3]
    assert all(one.warnings == () for one in found)
    firsts = sorted(Path(i.path).name for i in found[0].instances)
    assert firsts == ["series_000.dcm", "series_001.dcm", "series_002.dcm"]


def test_overlapping_acquisitions_are_split_and_successive_ones_are_not(tmp_path: Path) -> None:
    def acquired(folder: str, positions: list[float], start: int) -> list[Path]:
        paths = []
        for n, position in enumerate(positions):
            extra = (("AcquisitionNumber", start), ("SOPInstanceUID", f"1.2.3.{start}.{n}"))
            paths += write_series(tmp_path / folder / str(n), positions=[position], extra=extra)
        return paths

    first = acquired("a", [0, 5, 10], 1)
    assert sorted(len(s.instances) for s in _grouped(first + acquired("b", [0, 5, 10, 15], 2))) == [3, 4]
    assert [len(s.instances) for s in _grouped(first + acquired("c", [15, 20], 3))] == [5]


@pytest.mark.parametrize(
    ("keyword", "values"),
    [
        ("TemporalPositionIdentifier", [1, 2]),
        ("DiffusionBValue", [0.0, 800.0]),
        ("TriggerTime", [20, 340]),
        ("AcquisitionTime", ["101500.25", "101730.5"]),
        ("ContentTime", ["101500", "101730"]),
    ],
)
def test_headers_tell_repetitions_apart(tmp_path: Path, keyword: str, values: list[Any]) -> None:
    slices = _each(tmp_path, [0.0, 5.0, 10.0] * 2, **{keyword: [value for value in values for _ in range(3)]})
    found = sorted(_grouped(slices), key=lambda one: one.description)
    assert [[Path(i.path).parent.name for i in one.instances] for one in found] == [
        ["000", "001", "002"],
        ["003", "004", "005"],
    ]


def test_headers_name_mixtures(tmp_path: Path) -> None:
    slopes = _each(tmp_path / "a", [0.0, 5.0, 10.0], RescaleSlope=[1, 2, 1], RescaleIntercept=[0, 0, 0])
    turned = _each(tmp_path / "b", [0.0, 5.0, 10.0], PatientPosition=["HFS", "HFS", "FFS"])
    assert "different factors (1 to 2)" in _grouped(slopes)[0].warnings[0]
    assert "lay differently" in _grouped(turned)[0].warnings[0]


def test_every_slice_is_scaled_by_its_own_slope(tmp_path: Path) -> None:
    paths = _each(tmp_path, [0.0, 5.0, 10.0], RescaleSlope=[1, 2, 4], RescaleIntercept=[0, 10, 0])
    (one,) = _grouped(paths)
    means = [slices.load_slice(one, n).pixels[0, 0] for n in range(3)]
    assert means == [900, 1810, 3600]
    whole = volume.load(one)
    assert [whole.value(Plane.NATIVE, n, 0, 0) for n in range(3)] == means


def test_frames_of_an_enhanced_file_are_stacks_by_echo_and_time(tmp_path: Path) -> None:
    paths = [write_enhanced(tmp_path / "a.dcm", places=4, echoes=(10.0, 20.0), times=3)]
    found = [one for study in series.group(map(reader.look, paths), SECRET) for one in study.series]
    assert [len(one.instances) for one in found] == [4] * 6
    assert all(one.warnings == () and one.spacing_mm == (0.9, 0.8, 3.0) for one in found)
    second = next(one for one in found if one.description == "enhanced, time point 2, echo 20 ms")
    assert [i.position_mm for i in second.instances] == [0.0, 3.0, 6.0, 9.0]
    whole = volume.load(second)
    assert [whole.value(Plane.AXIAL, n, 0, 0) for n in range(4)] == [1000 * n + 100 * 2 + 2 for n in range(4)]


def test_a_patient_is_a_hash_that_only_this_project_can_make(tmp_path: Path) -> None:
    contents = [reader.read(p) for p in write_series(tmp_path, patient="4711", name="Very^Secret")]
    study = series.group(contents, SECRET)[0]
    again = series.group(contents, SECRET)[0]
    elsewhere = series.group(contents, b"another secret")[0]
    assert study.patient == again.patient != elsewhere.patient
    assert study.key != elsewhere.key
    assert study.patient_known
    assert "4711" not in repr(study)
    assert "Secret" not in repr(study)
    assert study.label == "Test study 2026-01-02"


def test_one_patient_in_two_studies_is_one_patient(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "a", study="first") + write_series(tmp_path / "b", study="second")
    studies = series.group(map(reader.read, paths), SECRET)
    assert len(studies) == 2
    assert studies[0].patient == studies[1].patient
