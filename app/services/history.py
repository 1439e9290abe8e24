"""What a run's folder says of it: its messages, where it stands, how far it came. Reads files only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from app.domain.run import RunRecord, RunState
from app.jobs.messages import Message, from_json
from app.store.folders import read_events, read_json

RECORD = "run.json"
COHORT = "cohort.json"
EVENTS = "events.jsonl"
LOCK = "worker.lock"
CHECKPOINTS = "checkpoints"

_ENDS = {"done": RunState.DONE, "stopped": RunState.STOPPED}


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run as it stands.

    Attributes:
        record: what it is.
        state: where it stands.
        last_step: last step that is known (reported or saved).
        checkpoint: newest checkpoint that is whole, or ``None``.
        folder: where all of it lies.
        seconds: time that its workers have lived.
    """

    record: RunRecord
    state: RunState
    last_step: int
    checkpoint: Path | None
    folder: Path
    seconds: float


def read_run(folder: Path, *, alive: bool) -> RunInfo:
    """Read a run's folder.

    Args:
        folder: ``runs/<id>``.
        alive: the runner of this program has the run in work or in its queue.

    Raises:
        FileNotFoundError: not a run.
        Failed: ``damaged-record``.
    """
    record = RunRecord.from_json(read_json(folder / RECORD))
    events = read_events(folder / EVENTS)
    checkpoint = latest_checkpoint(folder)
    saved = 0 if checkpoint is None else int(checkpoint.stem.rpartition("-")[2])
    last = max((int(event.get("step", 0)) for event in events), default=0)
    state = RunState.RUNNING if alive else _state(folder, events)
    return RunInfo(record, state, max(saved, last), checkpoint, folder, _seconds(events))


def history(folder: Path) -> list[Message]:
    """The messages of a run over all its resumes, oldest first; those of another version are left out."""
    messages: list[Message] = []
    for record in read_events(folder / EVENTS):
        try:
            messages.append(from_json({name: value for name, value in record.items() if name != "t"}))
        except ValueError:
            continue
    return messages


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest checkpoint whose two files both lie in a run's folder."""
    found = sorted(
        (path for path in (folder / CHECKPOINTS).glob("step-*.json") if path.with_suffix(".safetensors").exists()),
        key=lambda path: int(path.stem.rpartition("-")[2]),
    )
    return found[-1] if found else None


def has_worker(folder: Path) -> bool:
    """Whether a living worker, of whichever program, holds the folder."""
    if not (folder / LOCK).exists():
        return False
    try:
        with FileLock(folder / LOCK).acquire(timeout=0):
            return False
    except Timeout:
        return True


def _state(folder: Path, events: list[dict[str, Any]]) -> RunState:
    last = next((e for e in reversed(events) if e["event"] in ("hello", "finished", "failed")), {"event": ""})
    match last["event"]:
        case "finished":
            return _ENDS.get(str(last["outcome"]), RunState.DONE)
        case "failed":
            return RunState.FAILED
    return RunState.RUNNING if has_worker(folder) else RunState.INTERRUPTED


def _seconds(events: list[dict[str, Any]]) -> float:
    total, began, last = 0.0, None, None
    for event in events:
        moment = datetime.fromisoformat(event["t"])
        if event["event"] == "hello" or began is None:
            if began is not None and last is not None:
                total += (last - began).total_seconds()
            began = moment
        last = moment
    return total if began is None or last is None else total + (last - began).total_seconds()
