from __future__ import annotations

from dataclasses import replace

import pydicom
import pytest
from pydicom.dataset import Dataset

from app.deid import engine
from app.deid.leaks import Search
from app.deid.pseudonyms import Pseudonyms
from app.deid.rules import AllowList
from app.imaging import dicom_writer
from tests.helpers.pages import ct_page, real
from tests.helpers.planted import PLANTED, planted_ct


def test_only_listed_attributes_with_harmless_values_are_kept(tmp_path):
    header = engine.read_header(planted_ct(tmp_path / "a.dcm"))
    kept = engine.screen(header, AllowList.of("CT")).kept
    assert {key: str(value) for key, value in kept.items()} == {
        "Modality": "CT",
        "KVP": "120",
        "SliceThickness": "2.5",
    }


def test_no_planted_text_reaches_a_written_file(tmp_path):
    source = planted_ct(tmp_path / "source.dcm")
    content = source.read_bytes().upper()
    assert all(text.upper().encode() in content for text in PLANTED), "the trap itself is empty"
    kept = engine.screen(engine.read_header(source), AllowList.of("CT")).kept
    dicom_writer.write(tmp_path / "out.dcm", replace(real(ct_page()), acquisition=kept))
    out = (tmp_path / "out.dcm").read_bytes().upper()
    assert [text for text in PLANTED if text.upper().encode() in out] == []
    assert pydicom.dcmread(tmp_path / "out.dcm").KVP == 120


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("BodyPartExamined", "DOEJANE"),
        ("Manufacturer", "Jane Doe Hospital"),
        ("KVP", "12345678"),
        ("XRayTubeCurrent", "-1"),
        ("SliceThickness", "nan"),
    ],
)
def test_a_listed_attribute_cannot_carry_a_value_of_its_own(keyword, value):
    header = Dataset()
    with pydicom.config.disable_value_validation():
        setattr(header, keyword, value)
    assert engine.screen(header, AllowList.of("CT")).kept == {}


def test_identities_are_known_for_the_last_check(tmp_path):
    screened = engine.screen(engine.read_header(planted_ct(tmp_path / "a.dcm")), AllowList.of("CT"))
    assert {"Zebrowski^Ottilie", "Ottilie Zebrowski", "MRN-7734001-1", "1.2.826.0.1.99.1.1"} <= screened.identities
    assert {"Zebrowski", "Ottilie"} <= screened.names
    assert screened.removed > 20


def test_search_finds_whole_words_in_any_case_and_inside_gzip(tmp_path):
    import gzip

    search = Search(["Zebrowski", "1.2.3.4", "/data/ärzte/a.dcm", "王小明"])
    for name, content, expected in [
        ("a", b"\x00\x00ZEBROWSKI^A", True),
        ("b", b"Zebrowskis", False),
        ("c", b"uid 1.2.3.4\x00", True),
        ("d", b"uid 1.2.3.45", False),
        ("d2", b"uid 1.2.3.4.", True),
        ("e", "x=/data/ärzte/a.dcm;".encode(), True),
        ("f", b'"/data/\\xe4rzte/a.dcm"', True),
        ("g.gz", gzip.compress(b"zebrowski"), True),
        ("h", "patient 王小明, 44".encode(), True),
        ("i", "ORDNER /DATA/ÄRZTE/A.DCM".encode("latin-1"), True),
    ]:
        (tmp_path / name).write_bytes(content)
        assert search.found_in(tmp_path / name) is expected, name


def test_pseudonyms_are_keyed_stable_and_valid():
    one, other = Pseudonyms(b"a" * 32), Pseudonyms(b"b" * 32)
    assert one.uid("series", "x") == one.uid("series", "x") != one.uid("series", "y")
    assert one.uid("series", "x") != other.uid("series", "x")
    assert pydicom.uid.UID(one.uid("series", "x")).is_valid
    keys = [f"key{n}" for n in range(20)]
    assert one.patients(keys) == one.patients(reversed(keys))
    assert sorted(one.patients(keys).values()) == [f"PATIENT-{n:03d}" for n in range(1, 21)]
    assert one.patients(keys) != other.patients(keys)
