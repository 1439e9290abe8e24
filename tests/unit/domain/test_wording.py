"""The one table of sentences: it counts as people do, and filling it in never fails."""

from __future__ import annotations

import pytest

from app.domain import wording


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 file was set aside."), (2, "2 files were set aside."), (1200, "1,200 files were set aside.")],
)
def test_a_number_goes_with_its_words(number: int, said: str) -> None:
    assert wording.sentence("files-set-aside", {"count": number, "reason": ""}).strip() == said


@pytest.mark.parametrize("code", list(wording.SENTENCES))
def test_every_sentence_stands_without_its_facts(code: str) -> None:
    said = wording.sentence(code, {})
    assert "(s)" not in said
    assert "|" not in said
    assert "{" not in said
