"""Nothing that was planted leaves, wherever it was planted; the image itself leaves unchanged."""

from __future__ import annotations

import zlib

import pydicom
import pytest

from app.deid.header import Deidentifier
from app.deid.leaks import Search
from app.domain.deid import RULES, Option, PixelCheck, Profile, Protection
from app.domain.errors import Failed, Refused
from tests.helpers.planted_places import HIDDEN, SYNTAXES, planted_everywhere

SECRET = b"s" * 32
CHECKED = PixelCheck(text="none-found", faces="no-head")


def cleaned(source, path, *, profile=Profile.MAXIMUM, extra=(), check=CHECKED, patient="PATIENT-001", secret=SECRET):
    deidentifier = Deidentifier(secret, Protection.of(profile, extra))
    result = deidentifier.clean(pydicom.dcmread(source, force=True), patient=patient, check=check)
    deidentifier.write(result, path)
    return result


def everything(path):
    """All bytes of a file, a deflated data set unpacked."""
    content = path.read_bytes()
    if b"1.2.840.10008.1.2.1.99" not in content[:600]:
        return content
    start = 132 + 12 + int.from_bytes(content[140:144], "little")
    return content[:start] + zlib.decompress(content[start:], -zlib.MAX_WBITS)


def hits(path, texts=HIDDEN):
    content = everything(path).lower()
    return [text for text in texts if any(form in content for form in {text.lower().encode(c) for c in ("utf-8",)})]


@pytest.fixture(params=SYNTAXES)
def source(request, tmp_path):
    syntax = SYNTAXES[request.param]
    return planted_everywhere(tmp_path / "source.dcm", syntax, trailing=not syntax.is_deflated)


def test_nothing_planted_is_found_in_what_leaves(source, tmp_path):
    assert set(hits(source)) == set(HIDDEN), "the trap is empty"
    result = cleaned(source, tmp_path / "out.dcm")
    assert hits(tmp_path / "out.dcm") == []
    assert not Search(result.identities).found_in(tmp_path / "out.dcm")


@pytest.mark.parametrize(
    "extra", [(), (Option.DEVICE, Option.SAFE_PRIVATE), (Option.CLEAN_GRAPHICS, Option.CLEAN_STRUCTURED_CONTENT)]
)
def test_research_keeps_descriptions_and_no_person(source, tmp_path, extra):
    cleaned(source, tmp_path / "out.dcm", profile=Profile.RESEARCH, extra=extra)
    allowed = {"protocol of Ottilie", "SN-55-AA-77"} if Option.DEVICE in extra else set()
    assert set(hits(tmp_path / "out.dcm")) <= allowed
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert (out.SeriesDescription, out.StudyDescription, out.ProtocolName) == ("axial", "head of", "protocol of")


def test_pixels_leave_as_they_are(source, tmp_path):
    cleaned(source, tmp_path / "out.dcm")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert out.file_meta.TransferSyntaxUID == pydicom.dcmread(source).file_meta.TransferSyntaxUID
    assert out.PixelData == pydicom.dcmread(source).PixelData[:512]
    assert out.pixel_array.shape == (16, 16)
    assert (out.RescaleIntercept, list(out.PixelSpacing), out.SeriesNumber) == (-100, [0.8, 0.8], 7)


def test_file_begins_empty_and_ends_with_its_data_set(source, tmp_path):
    cleaned(source, tmp_path / "out.dcm")
    out = pydicom.dcmread(tmp_path / "out.dcm")
    assert out.preamble == b"\0" * 128
    assert {element.tag.element for element in out.file_meta} == {0x0, 0x1, 0x2, 0x3, 0x10, 0x12, 0x13}
    assert out.file_meta.MediaStorageSOPInstanceUID == out.SOPInstanceUID
    assert out[max(out.keys())].tag == 0x7FE00010
    assert len(out.PixelData) == 512
    assert not any(tag.is_private or tag.group in (0x5000, 0x6000) or tag.element == 0 for tag in list(out.keys()))


def test_every_rule_that_fired_has_a_sentence(source, tmp_path):
    fired = cleaned(source, tmp_path / "out.dcm").fired
    assert set(fired) <= set(RULES)
    assert {"removed", "emptied", "private", "graphics", "uid", "pseudonym", "excess"} <= set(fired)


def test_a_source_is_not_changed_and_gives_the_same_bytes_twice(tmp_path):
    source = planted_everywhere(tmp_path / "source.dcm")
    dataset = pydicom.dcmread(source)
    before = dataset.to_json()
    for name in ("a", "b"):
        deidentifier = Deidentifier(SECRET, Protection.of(Profile.RESEARCH))
        deidentifier.write(deidentifier.clean(dataset, patient="PATIENT-001", check=CHECKED), tmp_path / name)
    assert dataset.to_json() == before
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_data_sets_that_were_changed_in_memory_are_cleaned_alike(tmp_path):
    source = planted_everywhere(tmp_path / "source.dcm")
    cleaned(source, tmp_path / "a.dcm")
    dataset = pydicom.dcmread(source)
    for _ in dataset.iterall():
        pass
    deidentifier = Deidentifier(SECRET, Protection.of(Profile.MAXIMUM))
    deidentifier.write(deidentifier.clean(dataset, patient="PATIENT-001", check=CHECKED), tmp_path / "b.dcm")
    assert pydicom.dcmread(tmp_path / "a.dcm") == pydicom.dcmread(tmp_path / "b.dcm")


@pytest.mark.parametrize("name", ["test-SR.dcm", "rtplan.dcm", "reportsi.dcm", "waveform_ecg.dcm"])
@pytest.mark.parametrize("profile", list(Profile))
def test_what_is_no_image_is_refused(name, profile):
    dataset = pydicom.dcmread(pydicom.data.get_testdata_file(name), force=True)
    with pytest.raises(Refused) as caught:
        Deidentifier(SECRET, Protection.of(profile)).clean(dataset, patient="P", check=CHECKED)
    assert caught.value.code == "deid-kind"
    assert "stays" in str(caught.value)


def test_an_unknown_kind_of_image_stays_under_maximum_and_is_cleaned_cautiously_for_research(tmp_path):
    dataset = pydicom.dcmread(planted_everywhere(tmp_path / "source.dcm"))
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.3.4.5"
    dataset.save_as(tmp_path / "private.dcm")
    with pytest.raises(Refused):
        cleaned(tmp_path / "private.dcm", tmp_path / "out.dcm")
    cleaned(tmp_path / "private.dcm", tmp_path / "out.dcm", profile=Profile.RESEARCH)
    assert hits(tmp_path / "out.dcm") == []


def test_what_does_not_say_what_it_is_stays(tmp_path):
    dataset = pydicom.Dataset()
    dataset.PatientName = "Zebrowski"
    with pytest.raises(Failed) as caught:
        Deidentifier(SECRET, Protection.of(Profile.MAXIMUM)).clean(dataset, patient="P", check=CHECKED)
    assert "Zebrowski" not in str(caught.value)


def test_results_do_not_show_identities_in_their_text(tmp_path):
    result = cleaned(planted_everywhere(tmp_path / "source.dcm"), tmp_path / "out.dcm")
    assert "Zebrowski" not in repr(result)
    assert {"Zebrowski^Ottilie", "MRN-7734001-1", "1.2.826.0.1.99.1.1"} <= result.identities | set(result.uids)
