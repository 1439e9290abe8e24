from pathlib import Path

import numpy as np
import pytest

from app.imaging import phantom, phantom_scanner, reader, series, slices
from tests.helpers.judges import dicom_errors


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return phantom.make(tmp_path_factory.mktemp("sample"), patients=6, slices=3, size=64)


def test_the_scanner_is_calibrated() -> None:
    size, pixel_mm = 96, 3.0
    y, x = (np.indices((size, size)) - (size - 1) / 2) * pixel_mm
    radius = np.hypot(x, y)
    hu = np.where(radius < 90, 0.0, -1000.0)
    hu[np.hypot(x - 40, y) < 20] = 200.0
    found = phantom_scanner.scan(hu, pixel_mm, np.random.default_rng(0))
    assert abs(found[np.hypot(x + 40, y) < 25].mean()) < 8
    assert abs(found[np.hypot(x - 40, y) < 12].mean() - 200) < 12
    assert abs(found[(radius > 110) & (radius < 130)].mean() + 1000) < 8
    assert 2 < found[np.hypot(x + 40, y) < 25].std() < 60


def test_same_seed_same_bytes_and_another_seed_other_patients(sample: list[Path], tmp_path: Path) -> None:
    again = phantom.make(tmp_path / "again", patients=6, slices=3, size=64)
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in sample]
    other = phantom.make(tmp_path / "other", patients=1, slices=1, size=64, seed=1)
    assert other[0].read_bytes() != sample[0].read_bytes()


def test_it_reads_as_ct_of_invented_patients_in_class_folders(sample: list[Path]) -> None:
    studies = series.group(map(reader.read, sample), b"secret")
    assert len(studies) == len({study.patient for study in studies}) == 6
    for one in (s for study in studies for s in study.series):
        assert (one.unit, one.modality, one.warnings) == ("HU", "CT", ())
        assert one.spacing_mm == (5.625, 5.625, 5.0)
        pixels = slices.load_slice(one, 0).pixels
        assert -1024 <= pixels.min() < -950
        assert 300 < pixels.max() < 1500
    assert {path.parent.name for path in sample} == {"no lesion", "solid nodule", "cystic lesion"}


def test_classes_differ_by_their_lesion(tmp_path: Path) -> None:
    """The same patient with and without a finding differs by it, in the right direction."""
    from app.imaging.phantom_anatomy import Lesion, invent, slice_hu

    plain, solid, cyst = (slice_hu(invent(5, kind), 0.0, 128, 2.8) for kind in Lesion)
    where = np.abs(cyst - plain) > 40
    assert 20 < where.sum() < 500
    assert cyst[where].mean() < 40 < plain[where].mean() < solid[where].mean()


def test_it_can_be_stopped(tmp_path: Path) -> None:
    class Enough(Exception):
        pass

    def on_progress(done: int, total: int) -> None:
        if done == 1:
            raise Enough

    with pytest.raises(Enough):
        phantom.make(tmp_path, patients=3, slices=1, size=32, on_progress=on_progress)
    assert len(list(tmp_path.rglob("*.dcm"))) == 1


@pytest.mark.judge
def test_an_outside_judge_finds_no_error(sample: list[Path]) -> None:
    for path in sample[::2]:
        assert dicom_errors(path) == []
