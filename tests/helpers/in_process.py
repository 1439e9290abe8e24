"""Doing a job in the test's own process: what a service asks for, carried out by the module that would do it.

Quicker than a worker process by the import of torch; the process itself is tested in ``tests/worker``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from app.domain.errors import UnderstudyError
from app.jobs.messages import Failed, Finished
from app.jobs.process import Job, OnMessage, OnOutcome, Runner
from app.jobs.spec import JobSpec
from app.store.folders import append_event
from app.worker.channel import RecordingChannel
from app.worker.main import KINDS


class HeldRunner(Runner):
    """Writes specs and starts nothing."""

    def start(self, spec: JobSpec, on_message: OnMessage | None = None, on_outcome: OnOutcome | None = None) -> Job:
        """A job that never begins."""
        spec.write()
        return Job(spec, self, on_message, on_outcome)


def do(spec: JobSpec, channel: RecordingChannel | None = None) -> dict[str, Any]:
    """Carry out a job here; raises what the worker would report, and keeps the same event log."""
    channel = channel if channel is not None else RecordingChannel()
    module, _, name = KINDS[spec.kind].partition(":")
    last: Finished | Failed | None = None
    try:
        result: dict[str, Any] = getattr(import_module(module), name)(spec, channel)
        last = Finished("done", result)
    except UnderstudyError as error:
        stopped = error.outcome == "stopped"
        last = Finished("stopped") if stopped else Failed(error.code, dict(error.facts), error.outcome)
        raise
    finally:
        for message in (*channel.messages, *([last] if last else [])):
            append_event(spec.path.parent / "events.jsonl", message.to_json())
    return result
