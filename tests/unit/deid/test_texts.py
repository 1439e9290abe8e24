"""Descriptions keep what they say of the image and lose what they say of people."""

from __future__ import annotations

import pytest

from app.deid.texts import Known

KNOWN = Known({"Zebrowski", "Ottilie", "Müller", "山田", "Primary"}, {"MRN-7734001", "St. Quendolin", "Elm Street 99"})


@pytest.mark.parametrize(
    "text",
    [
        *("CT Abdomen/Pelvis w/o 5.0 B30f", "AX T2 FLAIR", "head of femur", "MR Brain", "T1 MPRAGE 1.0x1.0x1.0"),
        *("3D tof_fl3d 512x512", "Series 12, phase 2", "PRIMARY", "patient moved", "e+1", "Schädel nativ"),
    ],
)
def test_words_of_the_trade_stay(text):
    assert KNOWN.clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("head of Zebrowski", "head of"), ("axial, OTTILIE", "axial"), ("Knie_Müller_links", "Knie_ _links")),
        *(("MULLER chest", "chest"), ("CT 山田 chest", "CT chest"), ("spine MRN-7734001", "spine")),
        *(("from St. Quendolin", "from"), ("chest 2019-03-12 pa", "chest pa"), ("chest 12.03.2019", "chest")),
        *(("chest 12 MAR 2019", "chest"), ("chest March 12, 2019 ap", "chest ap"), ("chest 20190312101112.5", "chest")),
        *(("a.b@example.org wrote", "wrote"), ("see https://x.org/a", "see"), ("uid 1.2.840.99999.1.2", "uid")),
        *(("call +41 44 555 01 99", "call"), ("call 555-123-4567 pa", "call pa"), ("ssn 123-45-6789", None)),
    ],
)
def test_what_tells_is_cut(text, expected):
    assert KNOWN.clean(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("seen by Dr. Winterstein", "Prof. Habakuk", "Mr Smith", "J. Winterstein", "id 1234567", "case 55512"),
        *("Name: x", "DOB unknown", "University Hospital", "signed by Anna", "12 Oak Tree Road", "Hauptstrasse 5"),
        *("Smith^John", "C:\\data\\x", "OttilieZebrowski-scan", "Zebrowski", "2019-03-12", "  ", "Nurse: Betty"),
    ],
)
def test_what_is_doubtful_does_not_stay_at_all(text):
    assert KNOWN.clean(text) is None


@pytest.mark.parametrize(
    ("text", "held"),
    [
        *(("TOSHIBA_MEC", False), ("PRIMARY", False), ("STANDARD", False), ("ZEBROWSKI", True), ("OTTILIEX", True)),
        *(("x St. Quendolin y", True), ("St. Quendolins", False), ("mrn-7734001", True)),
    ],
)
def test_technical_values_hold_an_identity_or_not(text, held):
    assert KNOWN.holds(text) is held


def test_an_identity_beside_an_underscore_is_held_as_the_last_check_would_find_it():
    assert Known((), {"TOSHIBA"}).holds("TOSHIBA_MEC")
