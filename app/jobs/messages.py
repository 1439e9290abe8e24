"""The messages between the program and a worker: typed here, JSON on the wire.

The same records are appended to ``events.jsonl``, so a restarted window, the command line and a support person
see one history. A message is a past fact (``CheckpointSaved``) or a request (``Stop``).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

SCHEMA = 1
"""Version of this vocabulary; a worker of another version is refused."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Message:
    """Base of all messages; ``kind`` is its name on the wire."""

    kind: ClassVar[str] = ""

    def to_json(self) -> Json:
        """``{"event": kind, ...fields}``."""
        return {"event": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Stop(Message):
    """To the worker: save what there is and end."""

    kind: ClassVar[str] = "stop"


@dataclass(frozen=True)
class PreviewNow(Message):
    """To the worker: draw the sample grid at the next step."""

    kind: ClassVar[str] = "preview-now"


@dataclass(frozen=True)
class CheckpointNow(Message):
    """To the worker: save a checkpoint at the next step."""

    kind: ClassVar[str] = "checkpoint-now"


@dataclass(frozen=True)
class Hello(Message):
    """First frame of a worker: who it is."""

    kind: ClassVar[str] = "hello"
    job: str
    pid: int
    device: str = "cpu"
    schema: int = SCHEMA
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Phase(Message):
    """A named part of the work began; ``name`` is shown to the person."""

    kind: ClassVar[str] = "phase"
    name: str


@dataclass(frozen=True)
class Progress(Message):
    """How far the work is. ``total`` 0 = unknown; ``remaining_s`` ``None`` = not known yet."""

    kind: ClassVar[str] = "progress"
    done: int
    total: int
    remaining_s: float | None = None
    text: str = ""


@dataclass(frozen=True)
class Metric(Message):
    """Measured values at a training step (loss, held_out_loss, copy_rate, images_per_s)."""

    kind: ClassVar[str] = "metric"
    step: int
    values: dict[str, float]


@dataclass(frozen=True)
class PreviewReady(Message):
    """A picture for the person lies at ``path`` (relative to the project)."""

    kind: ClassVar[str] = "preview-ready"
    step: int
    path: str


@dataclass(frozen=True)
class CheckpointSaved(Message):
    """A checkpoint lies at ``path`` (relative to the project)."""

    kind: ClassVar[str] = "checkpoint-saved"
    step: int
    path: str


@dataclass(frozen=True)
class Notice(Message):
    """Something that the person should know; the work goes on."""

    kind: ClassVar[str] = "notice"
    code: str
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Heartbeat(Message):
    """The worker lives; sent at least every two seconds, not stored."""

    kind: ClassVar[str] = "heartbeat"


@dataclass(frozen=True)
class Finished(Message):
    """Last frame of a worker that did what it was asked, or stopped on request (``outcome``: done, stopped)."""

    kind: ClassVar[str] = "finished"
    outcome: str
    result: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed(Message):
    """Last frame of a worker that could not (``outcome``: failed, refused); ``detail`` is for the log only."""

    kind: ClassVar[str] = "failed"
    code: str
    facts: dict[str, Any] = field(default_factory=dict)
    outcome: str = "failed"
    detail: str = ""


_KINDS: dict[str, type[Message]] = {cls.kind: cls for cls in Message.__subclasses__()}


def from_json(record: Json) -> Message:
    """The message of a record.

    Raises:
        ValueError: an unknown kind or fields that do not fit it.
    """
    fields = dict(record)
    cls = _KINDS.get(str(fields.pop("event", "")))
    if cls is None:
        raise ValueError(f"unknown message {record.get('event')!r}")
    try:
        return cls(**fields)
    except TypeError as error:
        raise ValueError(f"malformed message {record!r}") from error
