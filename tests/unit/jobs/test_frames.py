"""Messages as bytes."""

from __future__ import annotations

import io
import struct

import pytest

from app.jobs.frames import LIMIT, FrameError, decode, encode
from app.jobs.messages import Failed, Message, Metric, Notice, Stop
from app.jobs.outcome import Outcome

MESSAGES: list[Message] = [Stop(), Metric(3, {"loss": 0.25}), Notice("x", {"n": "ä"}), Failed("stopped", {"a": None})]


@pytest.mark.parametrize("chunk", [1, 3, 100_000])
def test_messages_survive_any_chopping(chunk: int) -> None:
    stream = io.BytesIO(b"".join(encode(m) for m in MESSAGES))
    assert list(decode(lambda count: stream.read(min(count, chunk)))) == MESSAGES


def test_a_cut_off_frame_is_left_out() -> None:
    stream = io.BytesIO((encode(Stop()) + encode(Metric(1, {})))[:-1])
    assert list(decode(stream.read)) == [Stop()]


@pytest.mark.parametrize(
    "content",
    [
        struct.pack(">I", LIMIT + 1),
        b"Traceback (most recent call last)",
        struct.pack(">I", 2) + b"{}",
        struct.pack(">I", 2) + b"[]",
        struct.pack(">I", 3) + b"\xff\xfe\xfd",
        struct.pack(">I", 27) + b'{"event": "stop", "x": "y"}',
    ],
)
def test_anything_else_is_an_error(content: bytes) -> None:
    with pytest.raises(FrameError):
        list(decode(io.BytesIO(content).read))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_json_does_not_know_is_not_sent(value: float) -> None:
    with pytest.raises(FrameError):
        encode(Metric(1, {"loss": value}))


def test_an_outcome_as_an_error() -> None:
    assert Outcome("done").error() is None
    assert [Outcome(s, code="stopped").exit_status for s in ("stopped", "refused", "failed", "crashed", "lost")] == [
        130,
        3,
        4,
        4,
        4,
    ]
