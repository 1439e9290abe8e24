"""Outside judges on de-identified real files: no error that the source did not have, the same pixels, no identity."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pydicom
import pytest

from app.deid.header import Deidentifier
from app.deid.leaks import Search
from app.domain.deid import PixelCheck, Profile, Protection
from app.domain.errors import UnderstudyError
from tests.helpers.judges import dicom_errors
from tests.helpers.real_data import real_data

CHECKED = PixelCheck(text="none-found", faces="no-head")
OF_PYDICOM = (
    *("CT_small.dcm", "MR_small.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "rtdose_1frame.dcm"),
    *("examples_ybr_color.dcm", "examples_palette.dcm", "liver_1frame.dcm", "SC_rgb_rle.dcm", "SC_rgb_small_odd.dcm"),
    *("JPEG-lossy.dcm", "examples_jpeg2k.dcm", "rtdose_rle.dcm"),
)
OF_SERIES = (
    *("ct_abdomen_C3L-00189/1-01.dcm", "ct_head_ge_tilt_variable_spacing/01.dcm"),
    *("mr_brain_fse_pd_oblique", "mr_t1w_studyforrest_excerpt", "mr_fmri_ge_4d"),
)
WHEEL = Path(pydicom.__file__).parent / "data" / "test_files"
ENDINGS = (".dcm", "")


def source_of(name: str) -> Path:
    if name in OF_PYDICOM:
        return WHEEL / name
    path = real_data("dicom_series") / name
    return path if path.is_file() else sorted(one for one in path.iterdir() if one.is_file())[0]


def leave(source: Path, out: Path, profile: Profile) -> pydicom.Dataset:
    """De-identify a file; its data set as it is read back."""
    deidentifier = Deidentifier(b"s" * 32, Protection.of(profile))
    cleaned = deidentifier.clean(pydicom.dcmread(source, force=True), patient="PATIENT-001", check=CHECKED)
    deidentifier.write(cleaned, out)
    assert not Search(cleaned.identities).found_in(out)
    return pydicom.dcmread(out)


def kinds(errors: list[str]) -> set[str]:
    """What is wrong with which attribute, without the values."""
    return {re.sub(r"<[^>]*>|[\d.]{6,}", "", error) for error in errors}


@pytest.mark.judge
@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.parametrize("name", [*OF_PYDICOM, *OF_SERIES])
def test_dciodvfy_finds_no_error_that_the_source_did_not_have(tmp_path, name, profile):
    source = source_of(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        leave(source, tmp_path / "out.dcm", profile)
    assert kinds(dicom_errors(tmp_path / "out.dcm")) - kinds(dicom_errors(source)) == set()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("profile", list(Profile))
def test_every_image_of_pydicom_leaves_with_its_pixels(tmp_path, profile):
    left = [check_file(path, tmp_path / "out.dcm", profile) for path in sorted(WHEEL.glob("*.dcm"))]
    assert left.count(True) >= 55, "images stayed"


@pytest.mark.real
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("profile", list(Profile))
def test_awkward_files_leave_with_their_pixels_or_stay_with_a_sentence(tmp_path, profile):
    folder = real_data("dicom_robustness")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix in ENDINGS)
    left = [check_file(path, tmp_path / "out.dcm", profile) for path in files]
    assert left.count(True) >= 90, "images stayed"


def check_file(path: Path, out: Path, profile: Profile) -> bool:
    """Whether a file left; its pixels are then the same bytes."""
    try:
        source = pydicom.dcmread(path, force=True)
        made = leave(path, out, profile)
    except (UnderstudyError, EOFError, OSError, pydicom.errors.InvalidDicomError):
        return False
    before, after = source.get_item("PixelData"), made.get_item("PixelData")
    assert (before is None) == (after is None), path.name
    if before is not None:
        assert (before.value or b"").rstrip(b"\0") == (after.value or b"").rstrip(b"\0"), path.name
    return True
