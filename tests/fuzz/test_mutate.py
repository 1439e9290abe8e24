"""A sample of the fuzzer: see ``tests.fuzz.mutate`` for the run of 10,000."""

from pathlib import Path

import pytest

from app.imaging import reader
from app.jobs.decoders import Decoders
from tests.fuzz import mutate
from tests.helpers.dicom_factory import write_series


@pytest.mark.timeout(600)
def test_damaged_files_end_as_picture_or_sentence_and_never_end_the_program(tmp_path: Path) -> None:
    tally = mutate.run(range(150), 90.0, tmp_path)
    assert tally.escaped == []
    assert tally.total >= 20  # the time allows fewer on a very busy machine
    assert tally.ends["shown"] > 2
    assert tally.ends["damaged-file"] > 2
    assert tally.child_bytes < mutate.LIMITS.bytes * 2
    assert not list(tmp_path.glob("[0-9]*"))


def test_a_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    """A private element at the end that claims 4 GB: the picture before it is whole."""
    path = write_series(tmp_path, positions=[0.0])[0]
    path.write_bytes(path.read_bytes() + b"\xe1\x7f\x10\x10OB\0\0\xf0\xff\xff\xff" + bytes(10))
    content = reader.look(path)
    decoders = Decoders(1, mutate.LIMITS)
    try:
        assert decoders.check(content).thumbnail.size > 0
    finally:
        decoders.close()
