from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.deid.leaks import Search

SIGNS = "aB1. -_\x00é"


@given(st.lists(st.text(SIGNS, min_size=1, max_size=6), min_size=1, max_size=4), st.text(SIGNS, max_size=40), st.data())
def test_a_text_is_found_where_it_stands_as_whole_words_and_nowhere_else(forbidden, noise, data):
    place = data.draw(st.integers(0, len(noise)))
    content = noise[:place] + data.draw(st.sampled_from([*forbidden, ""])) + noise[place:]

    def stands(text: str) -> bool:
        pattern = rb"(?<![0-9a-z])" + re.escape(text.lower().encode()) + rb"(?![0-9a-z])"
        return re.search(pattern, content.lower().encode()) is not None

    found = Search(forbidden).found_in_text(content)
    assert found or not any(stands(text) for text in forbidden)
    if found:
        assert any(stands(text) or "é" in text for text in forbidden)


@pytest.mark.parametrize(
    ("inside", "found"), [(b"\x00zebrowskI\xff", True), (b"^li^", True), (b"zebrowskis lit", False)]
)
def test_a_long_and_a_short_identity_are_both_found_in_noise(tmp_path, inside, found):
    noise = bytes(range(128, 256)) * 100
    (tmp_path / "file").write_bytes(noise + inside + noise)
    assert Search(["Zebrowski", "Li"]).found_in(tmp_path / "file") is found


@pytest.mark.parametrize("text", ["zebrowski.anna", "anna.zebrowski@ward", "1.2.840.7.zebrowski.3"])
def test_a_full_stop_hides_no_identity(text):
    assert Search(["Zebrowski"]).found_in_text(text)
    assert Search(["1.2.840"]).found_in_text("1.2.840.7")
    assert not Search(["1.2.84"]).found_in_text(text)
