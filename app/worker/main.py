"""Entry of every worker process: reads its spec, does the one job, says how it ended.

The first thing it does is to move the frames away from descriptor 1: whatever a library prints, in Python or
in C, goes to the log and cannot break the conversation.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from filelock import FileLock, Timeout

from app.domain.errors import BadUsage, Refused, Stopped, UnderstudyError
from app.jobs.child import LOG_NAME
from app.jobs.frames import FrameError
from app.jobs.messages import Failed, Finished, Hello, Message, Stop
from app.jobs.spec import JobSpec
from app.worker.channel import Channel, PipeChannel

Run = Callable[[JobSpec, Channel], dict[str, Any]]

KINDS: Mapping[str, str] = {
    "import": "app.worker.intake:run",
    "sample-project": "app.worker.sample_project:run",
    "prepare": "app.worker.prepare:run",
    "train": "app.worker.train:run",
    "train-rank": "app.worker.ranks:run",
    "sample": "app.worker.sample:run",
    "audit": "app.worker.audit:run",
    "export": "app.worker.export:run",
    "export-check": "app.worker.export_check:run",
    "devices": "app.worker.devices:run",
}
"""Job kind to the function that does it, imported when it is needed."""

EVENTS_NAME = "events.jsonl"
LOCK_NAME = "worker.lock"
LOCK_WAIT_S = 2.0
"""Somebody who looks whether the worker lives holds the lock for a moment."""


def main(arguments: Sequence[str], kinds: Mapping[str, str] = KINDS) -> int:
    """Do the job of ``arguments[0]``, the path of a spec; return the exit status."""
    faulthandler.enable(sys.__stderr__ or sys.stderr)
    commands, replies = _take_pipes()
    try:
        spec = JobSpec.read(Path(arguments[0] if arguments else ""))
    except UnderstudyError as error:
        print(error, file=sys.stderr)
        return error.exit_status
    channel = PipeChannel(commands, replies, Path(spec.folder) / EVENTS_NAME)
    _stop_on_terminate(channel)
    lock = FileLock(Path(spec.folder) / LOCK_NAME)
    last = _do(spec, channel, kinds, lock)
    channel.close()
    _say_last(last, spec, channel)
    lock.release()
    return _exit_status(last)


def _take_pipes() -> tuple[int, int]:
    """Keep the two pipes for the frames; give the libraries an empty input and the log as output."""
    commands, replies = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return commands, replies


def _stop_on_terminate(channel: Channel) -> None:
    """A machine that shuts down terminates its processes: that is a wish to stop, and saves a checkpoint."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: channel.ask(Stop()))


def _do(spec: JobSpec, channel: Channel, kinds: Mapping[str, str], lock: FileLock) -> Message:
    """Run the job and turn its end into the last message.

    The lock says that this folder has a living worker; it is held until the last word is written.
    """
    try:
        lock.acquire(timeout=LOCK_WAIT_S)
        channel.emit(Hello(Path(spec.folder).name, os.getpid()))
        return Finished("done", _function(spec.kind, kinds)(spec, channel))
    except Timeout:
        return Failed("job-running", {"job": Path(spec.folder).name}, Refused.outcome)
    except Stopped as stop:
        return Finished("stopped", dict(stop.facts))
    except UnderstudyError as error:
        traceback.print_exc()
        return Failed(error.code, error.facts, error.outcome)
    except Exception as error:  # noqa: BLE001 - the worker's main is an edge: the program hears of every failure
        traceback.print_exc()
        return _internal(spec, error)


def _function(kind: str, kinds: Mapping[str, str]) -> Run:
    if kind not in kinds:
        raise BadUsage("unknown-job", kind=kind)
    module, _, name = kinds[kind].partition(":")
    return cast(Run, getattr(import_module(module), name))


def _internal(spec: JobSpec, error: Exception) -> Failed:
    """A failure that nobody foresaw; memory that ran out has a sentence of its own."""
    detail = f"{type(error).__name__}: {error}"[:500]
    log = str(Path(spec.folder) / LOG_NAME)
    if isinstance(error, MemoryError) or "out of memory" in str(error):
        return Failed("out-of-memory", {"log": log}, detail=detail)
    return Failed("internal", {"detail": detail, "log": log}, detail="".join(traceback.format_exception(error))[-4000:])


def _say_last(last: Message, spec: JobSpec, channel: Channel) -> None:
    try:
        channel.emit(last)
    except FrameError as error:
        channel.emit(_internal(spec, error))


def _exit_status(last: Message) -> int:
    match last:
        case Finished(outcome="done"):
            return 0
        case Failed(outcome="refused"):
            return Refused.exit_status
        case Failed():
            return UnderstudyError.exit_status
    return Stopped.exit_status
