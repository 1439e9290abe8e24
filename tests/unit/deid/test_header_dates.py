"""Dates move together, by an offset that only the project's secret tells, and keep every interval."""

from __future__ import annotations

from datetime import datetime

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.dataset import Dataset

from app.deid.dates import Shift, age_band
from app.deid.header import Deidentifier
from app.deid.pseudonyms import Pseudonyms
from app.domain.deid import Option, PixelCheck, Profile, Protection
from tests.helpers.planted import planted_ct

SHIFT = Shift(days=1000, seconds=40_000)


def moved(header, *, secret=b"s" * 32, profile=Profile.RESEARCH, extra=(), patient="PATIENT-001"):
    deidentifier = Deidentifier(secret, Protection.of(profile, extra))
    return deidentifier.clean(header, patient=patient, check=PixelCheck()).dataset


@pytest.fixture
def header(tmp_path):
    return pydicom.dcmread(planted_ct(tmp_path / "a.dcm"))


MOMENTS = st.datetimes(datetime(1950, 1, 1), datetime(2030, 1, 1))


@given(MOMENTS, MOMENTS)
def test_intervals_are_exact_to_the_fraction_of_a_second(one, other):
    def shifted(moment):
        day, time = f"{moment:%Y%m%d}", f"{moment:%H%M%S.%f}"
        return datetime.strptime(f"{SHIFT.date(day, time)}{SHIFT.time(time)}", "%Y%m%d%H%M%S.%f")

    assert shifted(one) - shifted(other) == one - other
    assert SHIFT.moment(f"{one:%Y%m%d%H%M%S.%f}") == f"{shifted(one):%Y%m%d%H%M%S.%f}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20200301", "20170605"),
        ("2020.03.01", "2017.06.05"),
        ("20200301-20200302", "20170605-20170606"),
        ("20200301-", "20170605-"),
        *((bad, None) for bad in ("2020", "20201301", "20200230", "0001", "00010101", "March", "-", "20200301 ", "")),
    ],
)
def test_dates_keep_their_spelling_or_are_given_up(text, expected):
    assert SHIFT.date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("20", "08"), ("2010", "0903"), ("201030", "090350"), ("20:10:30", "09:03:50")),
        ("201030.123456", "090350.123456"),
        *((bad, None) for bad in ("25", "1060", "noon", "1", "10303", "")),
    ],
)
def test_times_keep_their_precision_or_are_given_up(text, expected):
    assert SHIFT.time(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("2019", "2016"), ("201903", "201606"), ("20190310", "20160613"), ("2019031020", "2016061308")),
        ("20190310203040.5+0100", "20160613092400.5+0100"),
        *((bad, None) for bad in ("19", "2019-03", "20191301", "2019031025", "20190310203040+1", "")),
    ],
)
def test_moments_keep_their_precision_and_zone_or_are_given_up(text, expected):
    assert SHIFT.moment(text) == expected


def test_one_patient_has_one_offset_in_all_files_and_the_secret_decides_it(header):
    header.AcquisitionDate, header.AcquisitionTime = "19470313", "000512.25"
    header.AcquisitionDateTime = "19470313000512.25"
    out = moved(header, patient="PATIENT-009")
    begun = datetime.strptime(out.StudyDate + out.StudyTime, "%Y%m%d%H%M%S")
    acquired = datetime.strptime(out.AcquisitionDate + out.AcquisitionTime, "%Y%m%d%H%M%S.%f")
    assert acquired - begun == datetime(1947, 3, 13, 0, 5, 12, 250000) - datetime(1947, 3, 12, 10, 11, 12)
    assert out.AcquisitionDateTime == out.AcquisitionDate + out.AcquisitionTime
    assert out.SeriesDate == out.StudyDate != "19470312"
    assert moved(header, patient="PATIENT-001").StudyDate == out.StudyDate
    assert moved(header, secret=b"t" * 32).StudyDate != out.StudyDate
    header.PatientID = "another"
    assert moved(header).StudyDate != out.StudyDate


def test_offsets_spread_over_years_and_the_day():
    shifts = [Pseudonyms(b"s" * 32).shift(str(number)) for number in range(300)]
    assert all(366 <= shift.days < 366 + 3287 and 1 <= shift.seconds < 86_400 for shift in shifts)
    assert len({shift.days for shift in shifts}) > 250
    assert max(shift.days for shift in shifts) - min(shift.days for shift in shifts) > 3000


def test_dates_in_sequences_move_too_and_what_is_no_date_does_not_leave(header):
    item = Dataset()
    item.ContentDate, item.ContentTime = "19470312", "101112"
    item.RadiopharmaceuticalStartDateTime = "19470312101112"
    header.ContributingEquipmentSequence = [Dataset()]
    header.ContributingEquipmentSequence[0].ContributionDateTime = "19470312101112"
    header.ContributingEquipmentSequence[0].Manufacturer = "GE"
    with pydicom.config.disable_value_validation():
        header.ContentDate = "Zebrowski"
        header.SeriesTime = "ten"
    out = moved(header)
    assert out.ContributingEquipmentSequence[0].ContributionDateTime == out.StudyDate + out.StudyTime
    assert out.get("ContentDate", "") in ("", "19000101")
    assert "SeriesTime" not in out


def test_maximum_has_no_dates_and_full_dates_keeps_them(header):
    out = moved(header, profile=Profile.MAXIMUM)
    assert not [element for element in out if element.VR in ("DA", "TM", "DT") and element.value]
    kept = moved(header, extra=(Option.FULL_DATES,))
    assert (kept.StudyDate, kept.StudyTime, kept.SeriesDate) == ("19470312", "101112", "19470312")
    assert kept.PatientBirthDate == ""


@pytest.mark.parametrize(
    ("age", "band"),
    [
        *(("032Y", "030Y"), ("089Y", "085Y"), ("090Y", "090Y"), ("104Y", "090Y"), ("003Y", "003Y")),
        *(("005D", "000M"), ("010W", "000M"), ("011M", "009M"), ("030M", "002Y"), ("42Y", "040Y")),
        *((bad, None) for bad in ("", "42", "Y", "1942", "042X")),
    ],
)
def test_ages_are_told_in_bands(age, band):
    assert age_band(age) == band


def test_age_is_kept_for_research_only(header):
    header.PatientAge = "093Y"
    assert moved(header).PatientAge == "090Y"
    assert "PatientAge" not in moved(header, profile=Profile.MAXIMUM)
