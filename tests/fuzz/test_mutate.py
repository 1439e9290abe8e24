"""A sample of the fuzzer: see ``tests.fuzz.mutate`` for the run of 10,000."""

from pathlib import Path

import pytest

from tests.fuzz import mutate


@pytest.mark.timeout(600)
def test_damaged_files_end_as_picture_or_sentence_and_never_end_the_program(tmp_path: Path) -> None:
    tally = mutate.run(range(150), 90.0, tmp_path)
    assert tally.escaped == []
    assert tally.total >= 20  # the time allows fewer on a very busy machine
    assert tally.ends["shown"] > 2
    assert tally.ends["damaged-file"] > 2
    assert tally.child_bytes < mutate.LIMITS.bytes * 2
    assert not list(tmp_path.glob("[0-9]*"))
