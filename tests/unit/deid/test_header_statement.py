"""What leaves says truthfully what was done to it; identifiers are replaced consistently; options do what they say."""

from __future__ import annotations

import pydicom
import pytest
from pydicom.dataset import Dataset

from app.deid import tables
from app.deid.header import Deidentifier
from app.domain.deid import Option, PixelCheck, Profile, Protection
from app.domain.errors import BadUsage
from tests.helpers.planted import planted_ct

CHECKED = PixelCheck(text="redacted", faces="defaced")


def cleaned(header, *, profile=Profile.MAXIMUM, extra=(), check=CHECKED, secret=b"s" * 32):
    deidentifier = Deidentifier(secret, Protection.of(profile, extra))
    return deidentifier.clean(header, patient="PATIENT-001", check=check).dataset


def codes(dataset):
    return [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]


@pytest.fixture
def header(tmp_path):
    return pydicom.dcmread(planted_ct(tmp_path / "a.dcm"))


@pytest.mark.parametrize(
    ("check", "removed", "expected", "flags"),
    [
        (PixelCheck("none-found", "no-head"), "YES", ["113100", "113101", "113102"], ("NO", "NO")),
        (PixelCheck("redacted", "not-checked"), "NO", ["113100", "113101"], ("NO", None)),
        (PixelCheck("not-checked", "defaced"), "NO", ["113100", "113102"], (None, "NO")),
        (PixelCheck(), "NO", ["113100"], (None, None)),
    ],
)
def test_identity_is_called_removed_only_where_the_pixels_were_checked(header, check, removed, expected, flags):
    header.BurnedInAnnotation = "NO"
    header.PatientIdentityRemoved = "YES"
    header.DeidentificationMethod = "by hand, Dr. Habakuk"
    out = cleaned(header, check=check)
    assert out.PatientIdentityRemoved == removed
    assert codes(out) == expected
    assert (out.get("BurnedInAnnotation"), out.get("RecognizableVisualFeatures")) == flags
    assert "Habakuk" not in str(out.DeidentificationMethod)
    assert tables.edition() in str(out.DeidentificationMethod)


def test_a_source_that_admits_text_is_believed_until_it_is_checked(header):
    header.BurnedInAnnotation = header.RecognizableVisualFeatures = "YES"
    out = cleaned(header, check=PixelCheck())
    assert (out.BurnedInAnnotation, out.RecognizableVisualFeatures) == ("YES", "YES")
    assert cleaned(header).BurnedInAnnotation == "NO"


@pytest.mark.parametrize(
    ("profile", "extra", "expected", "dates"),
    [
        (Profile.RESEARCH, (), {"113105", "113107", "113108"}, "MODIFIED"),
        (Profile.RESEARCH, (Option.FULL_DATES,), {"113105", "113106", "113108"}, "UNMODIFIED"),
        (Profile.MAXIMUM, (Option.UIDS, Option.DEVICE), {"113109", "113110"}, "REMOVED"),
        (Profile.MAXIMUM, (Option.INSTITUTION, Option.SAFE_PRIVATE), {"113111", "113112"}, "REMOVED"),
    ],
)
def test_codes_say_which_options_were_on(header, profile, extra, expected, dates):
    out = cleaned(header, profile=profile, extra=extra)
    assert set(codes(out)) == expected | {"113100", "113101", "113102"}
    assert out.LongitudinalTemporalInformationModified == dates
    assert all(item.CodingSchemeDesignator == "DCM" for item in out.DeidentificationMethodCodeSequence)


def test_this_program_is_named_as_what_removed_the_identity(header):
    theirs = Dataset()
    theirs.Manufacturer, theirs.InstitutionName, theirs.DeviceSerialNumber = "GE", "St. Quendolin", "SN-55-AA-77"
    header.ContributingEquipmentSequence = [theirs]
    (ours,) = cleaned(header).ContributingEquipmentSequence
    assert ours.PurposeOfReferenceCodeSequence[0].CodeValue == "109104"
    assert (ours.Manufacturer, "InstitutionName" in ours) == ("Understudy", False)
    kept, ours = cleaned(header, profile=Profile.RESEARCH).ContributingEquipmentSequence
    assert (kept.Manufacturer, "InstitutionName" in kept, "DeviceSerialNumber" in kept) == ("GE", False, False)


def test_synthetic_stays_synthetic(header):
    header.SyntheticData = "YES"
    assert all(cleaned(header, profile=profile).SyntheticData == "YES" for profile in Profile)


def test_uids_are_replaced_alike_everywhere_and_by_the_secret(header, tmp_path):
    image = Dataset()
    image.ReferencedSOPClassUID, image.ReferencedSOPInstanceUID = header.SOPClassUID, header.SOPInstanceUID
    header.ReferencedImageSequence = [image]
    out = cleaned(header, profile=Profile.RESEARCH)
    assert out.SOPInstanceUID.startswith("2.25.")
    assert out.SOPInstanceUID == out.file_meta.MediaStorageSOPInstanceUID
    assert out.ReferencedImageSequence[0].ReferencedSOPInstanceUID == out.SOPInstanceUID
    assert out.ReferencedImageSequence[0].ReferencedSOPClassUID == header.SOPClassUID
    other = pydicom.dcmread(planted_ct(tmp_path / "b.dcm", number=2))
    other.FrameOfReferenceUID = header.FrameOfReferenceUID
    assert cleaned(other).FrameOfReferenceUID == out.FrameOfReferenceUID
    assert cleaned(other).SOPInstanceUID != out.SOPInstanceUID
    assert cleaned(header, secret=b"t" * 32).SOPInstanceUID != out.SOPInstanceUID
    assert cleaned(header, extra=(Option.UIDS,)).SOPInstanceUID == header.SOPInstanceUID


def test_patient_has_the_new_name_even_where_the_source_had_none(header):
    del header.PatientName, header.PatientID
    out = cleaned(header)
    assert (out.PatientName, out.PatientID) == ("PATIENT-001", "PATIENT-001")


def test_options_keep_what_they_name(header):
    assert cleaned(header, extra=(Option.DEVICE,)).DeviceSerialNumber == "SN-55-AA-77"
    assert cleaned(header, extra=(Option.INSTITUTION,)).InstitutionName == "St. Quendolin"
    assert cleaned(header, extra=(Option.PATIENT_CHARACTERISTICS,)).PatientSex == "F"
    assert cleaned(header).PatientSex == ""
    out = cleaned(header)
    assert not {"DeviceSerialNumber", "InstitutionName", "StudyDescription", "PatientAddress"} & set(out.dir())


def test_safe_private_attributes_stay_with_their_creator_only_if_asked(header):
    block = header.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x0C, "IS", "800")
    block.add_new(0x0D, "CS", "ZEBROWSKI")
    block.add_new(0x0B, "LO", "Zebrowski")
    other = header.private_block(0x0019, "ZEBROWSKI PRIVATE", create=True)
    other.add_new(0x0C, "IS", "800")
    assert not [element for element in cleaned(header) if element.tag.is_private]
    out = cleaned(header, extra=(Option.SAFE_PRIVATE,))
    kept = {element.tag.element: str(element.value) for element in out if element.tag.is_private}
    assert kept == {0x10: "SIEMENS MR HEADER", 0x100C: "800"}


def test_texts_beyond_ascii_are_written_as_utf8(header):
    header.SpecificCharacterSet = "ISO_IR 100"
    header.SeriesDescription = "Schädel nativ"
    out = cleaned(header, profile=Profile.RESEARCH)
    assert (out.SpecificCharacterSet, out.SeriesDescription) == ("ISO_IR 192", "Schädel nativ")


def test_a_length_that_swallows_its_neighbours_does_not_carry_them_out(header):
    header.add_new(0x00280120, "SS", [0x655A, 0x7262, 0x776F])
    assert cleaned(header).PixelPaddingValue is None


@pytest.mark.parametrize(
    "extra", [(Option.FULL_DATES, Option.MODIFIED_DATES), (Option.CLEAN_PIXELS,), (Option.CLEAN_FACES, Option.UIDS)]
)
def test_options_that_contradict_or_cannot_be_asked_for_are_bad_usage(extra):
    with pytest.raises(BadUsage) as caught:
        Protection.of(Profile.MAXIMUM, extra)
    assert caught.value.code == "deid-options"


def test_tables_are_whole():
    assert len(tables.rows()) == 652
    assert {row.basic for row in tables.rows().values()} == {
        *("X", "Z", "D", "U", "X/D", "X/Z", "Z/D", "X/Z/D", "X/Z/U*"),
    }
    options = {column for row in tables.rows().values() for column in row.columns}
    assert options <= {option.value for option in Option}
    assert tables.attributes("1.2.840.10008.5.1.4.1.1.2")[0x00100010] == "2"
    assert tables.attributes("1.2.840.10008.5.1.4.1.1.88.11") is None
    assert tables.items(0x52009229)[0x00289110] == "1"
    for name in ("common", "texts", "references", "never", "terms"):
        assert len(tables.reviewed(name)) == len(tables._read("reviewed.json")[name].split()), name
