"""Lines that were read, held against the header's identities."""

from __future__ import annotations

import pytest

from app.deid.burned_in.words import Known, is_mark


@pytest.mark.parametrize(
    ("identity", "line"),
    [
        ("Muster^Erika", "MUSTER ERIKA"),
        ("Muster^Erika", "Name: Erlka Muster"),
        ("Müller^Jörg", "MULLER, JORG"),
        ("Muster^Erika", "MUSTFR"),
        ("4711O815", "ID 47110815"),
        ("A1B2S5", "ID: AI825S"),
        ("19560312", "DOB 12.03.1956"),
        ("19560312", "1956/03/12"),
        ("19560312", "03-12-1956"),
        ("19560312", "12 Mar 1956"),
        ("19560312", "12.03.56"),
        ("St. Mary Hospital", "ST MARY HOSPlTAL"),
        ("Wolfeschlegel^A", "olfeschlege"),
    ],
)
def test_an_identity_is_recognised_however_it_was_printed_and_read(identity: str, line: str) -> None:
    assert Known([identity]).matches(line)


@pytest.mark.parametrize(
    ("identity", "line"),
    [
        ("Muster^Erika", "120 kV 200 mA"),
        ("19560312", "12.04.2001"),
        ("Li^Bo", "SUPINE"),
        ("4711", "4 mm"),
        ("", "anything"),
        ("Muster", ""),
    ],
)
def test_other_words_are_not(identity: str, line: str) -> None:
    assert not Known([identity]).matches(line)


@pytest.mark.parametrize("line", ["R", "LPH", "10 cm", "2.5 MHz", " A "])
def test_marks_name_nobody(line: str) -> None:
    assert is_mark(line)


@pytest.mark.parametrize("line", ["Lara", "RX 1", "10 cm Meier", "19560312", ""])
def test_anything_else_is_no_mark(line: str) -> None:
    assert not is_mark(line)
