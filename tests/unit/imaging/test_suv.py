"""SUV factors against numbers worked out by hand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from app.imaging import dicom_reader, reader, series
from app.imaging.suv import uptake
from tests.helpers.dicom_factory import ramp, write_series

HALF_LIFE = 6586.2
"""Fluorine-18, seconds."""


def _injection(**changes: Any) -> Sequence:
    item = Dataset()
    values: dict[str, Any] = {
        "RadionuclideTotalDose": 370_000_000,
        "RadionuclideHalfLife": HALF_LIFE,
        "RadiopharmaceuticalStartTime": "100000",
        **changes,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(item, keyword, value)
    return Sequence([item])


def _header(injection: Sequence | None = None, **changes: Any) -> Dataset:
    header = Dataset()
    values: dict[str, Any] = {
        "Modality": "PT",
        "Units": "BQML",
        "CorrectedImage": ["DECY", "ATTN", "SCAT"],
        "DecayCorrection": "START",
        "PatientWeight": 70,
        "SeriesDate": "20260102",
        "SeriesTime": "114946.2",  # one half-life (1 h 49 min 46.2 s) after ten o'clock
        "AcquisitionDate": "20260102",
        "AcquisitionTime": "115000",
        "RadiopharmaceuticalInformationSequence": _injection() if injection is None else injection,
        **changes,
    }
    for keyword, value in values.items():
        if value is not None:
            setattr(header, keyword, value)
    return header


def test_one_half_life_after_the_injection_half_of_the_dose_is_left() -> None:
    found = uptake(_header())
    assert found.unit == "SUV"
    assert found.factor == pytest.approx(70_000 / 185_000_000, rel=1e-9)


def test_images_corrected_to_the_injection_use_the_whole_dose() -> None:
    found = uptake(_header(DecayCorrection="ADMIN", SeriesTime=None))
    assert found.unit == "SUV"
    assert found.factor == pytest.approx(70_000 / 370_000_000, rel=1e-9)


def test_an_injection_before_midnight_is_of_the_day_before() -> None:
    injection = _injection(RadiopharmaceuticalStartTime="231013.8")
    found = uptake(_header(injection, SeriesTime="010000", AcquisitionTime="010010"))
    assert found.factor == pytest.approx(70_000 / 185_000_000, rel=1e-9)


def test_a_full_date_of_the_injection_is_taken_as_it_is() -> None:
    injection = _injection(RadiopharmaceuticalStartDateTime="20260102100000.000+0100")
    assert uptake(_header(injection)).factor == pytest.approx(70_000 / 185_000_000, rel=1e-9)
    later = _injection(RadiopharmaceuticalStartDateTime="20260102120000")
    assert "after the scan" in uptake(_header(later)).reason


def test_a_series_written_later_falls_back_on_the_frame_times() -> None:
    """Acquired 300 s after the start, for 120 s; over the frame the average lies 60.13 s in (worked by hand)."""
    found = uptake(
        _header(
            SeriesTime="180000", AcquisitionTime="115446.2", FrameReferenceTime=360_126, ActualFrameDuration=120_000
        )
    )
    rate = 0.693147180559945 / HALF_LIFE
    share = rate * 120
    average = np.log(share / (1 - np.exp(-share))) / rate
    waited = HALF_LIFE + 300 - 360.126 + average
    assert average == pytest.approx(59.8, abs=0.5)
    assert found.factor == pytest.approx(70_000 / (370_000_000 * 2 ** (-waited / HALF_LIFE)), rel=1e-9)


def test_ge_states_the_scan_start_in_a_private_attribute() -> None:
    header = _header(SeriesTime="180000")
    header.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20260102114946.20")
    assert uptake(header).factor == pytest.approx(70_000 / 185_000_000, rel=1e-9)


def test_grams_per_millilitre_are_suv_already() -> None:
    assert uptake(_header(Units="GML")).factor == 1.0
    lean = uptake(_header(Units="GML", SUVType="LBM"))
    assert (lean.unit, "LBM" in lean.reason) == ("rescaled", True)


def test_philips_counts_have_factors_of_their_own() -> None:
    header = _header(Units="CNTS")
    block = header.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.0005")
    assert uptake(header).factor == pytest.approx(0.0005)
    block[0x00].value = "0"
    block.add_new(0x09, "DS", "2.5")
    assert uptake(header).factor == pytest.approx(2.5 * 70_000 / 185_000_000, rel=1e-9)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"PatientWeight": None}, "weight"),
        ({"PatientWeight": 0}, "weight"),
        ({"CorrectedImage": ["DECY"]}, "attenuation"),
        ({"DecayCorrection": "NONE"}, "to which time"),
        ({"RadiopharmaceuticalInformationSequence": Sequence()}, "nothing of the injection"),
        ({"RadiopharmaceuticalInformationSequence": _injection(RadionuclideTotalDose=None)}, "dose"),
        ({"RadiopharmaceuticalInformationSequence": _injection(RadionuclideHalfLife=None)}, "half-life"),
        ({"RadiopharmaceuticalInformationSequence": _injection(RadiopharmaceuticalStartTime=None)}, "time of the inj"),
        ({"SeriesTime": "180000"}, "when the scan began"),
    ],
)
def test_what_the_header_lacks_is_said_and_not_guessed(changes: dict[str, Any], said: str) -> None:
    found = uptake(_header(**changes))
    assert (found.unit, found.factor) == ("Bq/ml", 1.0)
    assert said in found.reason
    assert found.reason.endswith(".")


def test_counts_without_factors_stay_counts() -> None:
    assert uptake(_header(Units="CNTS")).unit == "rescaled"
    assert uptake(_header(Units="PROPCPS")).unit == "rescaled"


def test_slices_of_a_pet_are_shown_in_suv(tmp_path: Path) -> None:
    header = _header()
    extra = tuple((e.keyword, e.value) for e in header if e.keyword != "Modality")
    path = write_series(
        tmp_path, modality="PT", positions=[0.0], slope=1000.0, intercept=0.0, extra=extra, window=(5e5, 1e6)
    )[0]
    shown = dicom_reader.load(path, 0)
    factor = 70_000 / 185_000_000
    np.testing.assert_allclose(shown.pixels, ramp(24, 32) * 1000 * factor, rtol=1e-6)
    assert shown.default_window == pytest.approx((0.0, 999_999 * factor), rel=1e-6, abs=1e-6)
    assert reader.look(path).unit == "SUV"


def test_a_series_says_why_it_has_no_suv(tmp_path: Path) -> None:
    paths = write_series(tmp_path, modality="PT", slope=2.0, intercept=0.0, extra=(("Units", "BQML"),))
    (one,) = series.group(map(reader.read, paths), b"secret")[0].series
    assert one.unit == "Bq/ml"
    assert "No SUV: the header does not say that decay and attenuation were corrected." in one.warnings
