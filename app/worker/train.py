"""Trains a run: prepares its pictures, iterates the training loop, and tells the program what it hears.

What a person needs later lies in the run's folder: ``run.json``, ``checkpoints/``, ``previews/``, ``events.jsonl``.
"""

from __future__ import annotations

import errno
import hashlib
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.errors import Failed, Stopped
from app.domain.run import RunRecord
from app.jobs.child import LOG_NAME
from app.jobs.messages import CheckpointNow, PreviewNow
from app.jobs.spec import JobSpec
from app.services.history import CHECKPOINTS, RECORD
from app.store.folders import read_json, write_json
from app.store.project import Project
from app.versions import versions
from app.worker import planning, ranks
from app.worker.channel import Channel
from app.worker.heads import counted
from app.worker.pictures import write_sheet
from models.config import TrainingPlan
from models.data.prepared import PreparedImages
from models.training import events
from models.training.checkpoint import COPYING, Checkpoint, CheckpointError
from models.training.loop import DivergedError, train
from models.training.memory import TooLargeError, ran_out

METRIC_S = 0.5
"""Least time between two points of the loss curve, once it is long."""
POINTS = 1000
"""Points that a curve has about when its training has lasted long; an overnight history stays quick to read."""
EVERY_STEP_UNTIL = 50
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""A full disk, a full quota, and a limit on the size of files."""
_TOLD = {"stepped-back", "smaller-portions", "turned", "turned-copies"}
"""Notices of the training loop that a person reads."""


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Train or go on training ``params["run"]``.

    Returns:
        ``{"run", "step", "checkpoint", "best", "images_per_s"}``: the checkpoints to go on and to draw from, relative
        to the project.

    Raises:
        Stopped: on request, with the same facts; a checkpoint is saved.
        Failed: ``diverged``, ``image-too-large``, ``out-of-memory``, ``training-disk-full``, ``unwritable``,
            ``unusable-checkpoint``; the last checkpoint stands.
        Refused: ``cannot-train``, ``device-missing``.
    """
    project = Project.open(Path(spec.project))
    try:
        return _Training(spec, channel, project).run()
    except (OSError, RuntimeError, MemoryError, CheckpointError) as error:
        failed = _failed(error, spec)
        if failed is None:
            raise
        raise failed from error
    finally:
        project.close()


def _failed(error: Exception, spec: JobSpec) -> Failed | None:
    """What ended a training, for a person; None for what nobody foresaw."""
    match error:
        case DivergedError(step=step):
            return Failed("diverged", step=step)
        case TooLargeError():
            return Failed("image-too-large")
        case CheckpointError():
            return Failed("unusable-checkpoint", detail=str(error))
        case OSError(errno=number) if number in _FULL:
            return Failed("training-disk-full", path=spec.folder)
        case OSError():
            return Failed("unwritable", path=spec.folder, detail=error.strerror or str(error))
    return Failed("out-of-memory", log=str(Path(spec.folder) / LOG_NAME)) if ran_out(error) else None


class _Training:
    """One worker's share of a run."""

    def __init__(self, spec: JobSpec, channel: Channel, project: Project) -> None:
        self.params, self.channel, self.project = spec.params, channel, project
        self.folder = Path(spec.folder)
        self.checkpoints = self.folder / CHECKPOINTS
        self.told_s = 0.0
        self.first: events.StepDone | None = None
        self.last: events.StepDone | None = None
        self.alarmed = False

    def run(self) -> dict[str, Any]:
        record = RunRecord.from_json(read_json(self.folder / RECORD))
        found = planning.last_good(self.checkpoints, self.channel)
        start = planning.start_of(self.params) if found is None else None
        data = planning.prepared(self.project, record, self.folder, self.channel)
        self.channel.check()
        record = planning.settled(record, data, planning.device_of(record), start)
        path = str(self.params.get("from_checkpoint"))
        plan = planning.new_plan(record, data, start, path) if found is None else self._resumed(record, found)
        ranks.checked(record.devices, record.device, plan.batch)
        begin = None if found is None else found[0]
        if start is not None:
            begin, taken = planning.begun_from(start, path, plan, data, self.checkpoints)
            record = replace(record, start={**record.start, "name": Path(path).name, **taken.to_json()})
            self.channel.notice("started-from", **planning.told(taken, path))
        self._keep(replace(record, budget_s=plan.budget_s, steps=plan.steps), data)
        self.channel.phase("Training")
        with ranks.leading(self.project, record.devices, record.device, self.channel) as leader:
            for event in train(plan, data, folder=self.checkpoints, resume=begin, asked=self._asked, leader=leader):
                if isinstance(event, events.Ended):
                    return self._ended(event)
                self._tell(event, plan)
        raise AssertionError("the training loop ended without a last word")

    def _resumed(self, record: RunRecord, found: tuple[Path, Checkpoint]) -> TrainingPlan:
        path, stored = found
        plan = planning.resumed_plan(record, stored, self.params)
        if (plan.family.family, plan.family.classes, plan.seed) != (record.family, record.classes, record.seed):
            raise CheckpointError(f"checkpoint {path.name}: it belongs to another run")
        return plan

    def _keep(self, record: RunRecord, data: PreparedImages) -> None:
        """Write down what was settled, and the hash of what is learnt from."""
        with (data.folder / "images.npy").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        known = record.versions.get("prepared_sha256", digest)
        if known != digest:
            self.channel.notice("prepared-changed")
        prepared = data.folder.relative_to(self.project.root).as_posix()
        made_by = {**versions(), "prepared_sha256": digest}
        settled = replace(record, prepared=prepared, versions=made_by, faces=counted(data))
        write_json(self.folder / RECORD, settled.to_json())

    def _asked(self) -> events.Request | None:
        request = self.channel.poll()
        if self.channel.stop_asked:
            return "stop"
        match request:
            case PreviewNow():
                return "preview"
            case CheckpointNow():
                return "checkpoint"
        return None

    def _tell(self, event: events.Event, plan: TrainingPlan) -> None:
        match event:
            case events.StepDone():
                self._stepped(event, plan)
            case events.Validated(step=step, held_out_loss=loss) if math.isfinite(loss):
                self.channel.metric(step, {"held_out_loss": loss})
            case events.PreviewDue():
                self._preview(event, plan)
            case events.CheckpointSaved(step=step, path=path):
                self.channel.checkpoint(step, path.relative_to(self.project.root).as_posix())
            case events.Notice(code="started", facts=facts):
                self.channel.notice("training-started", **facts)
            case events.Notice(code=code, facts=facts) if code in _TOLD:
                self.channel.notice(code, **facts)

    def _stepped(self, event: events.StepDone, plan: TrainingPlan) -> None:
        self.first = self.first or event
        self.last = event
        left = event.seconds * (1 - event.fraction) / event.fraction if event.fraction else None
        done, total = (event.step, plan.steps) if plan.steps else (int(event.seconds), int(plan.budget_s or 0))
        self.channel.progress(min(done, total), total, f"Step {event.step}", left)
        now = time.monotonic()
        if event.step <= EVERY_STEP_UNTIL or now - self.told_s >= max(METRIC_S, event.seconds / POINTS):
            self.told_s = now
            parts = {name: value for name, value in event.loss.items() if name != "total"}
            named = parts if len(parts) > 1 else {}
            self.channel.metric(event.step, {"loss": event.loss["total"], **named, "images_per_s": event.images_per_s})

    def _preview(self, event: events.PreviewDue, plan: TrainingPlan) -> None:
        path = self.folder / "previews" / f"step-{event.step:06d}.png"
        write_sheet(path, event.images.numpy(), plan.preview_per_class)
        self.channel.preview(event.step, path.relative_to(self.project.root).as_posix())
        if event.copy_rate is None:
            return
        self.channel.metric(event.step, {"copy_rate": event.copy_rate})
        if event.copy_rate >= COPYING and not self.alarmed:
            self.alarmed = True
            self.channel.notice("copies-alarm", share=f"{event.copy_rate:.0%}", step=event.step)

    def _ended(self, event: events.Ended) -> dict[str, Any]:
        facts: dict[str, Any] = {
            "run": self.folder.name,
            "step": event.step,
            "checkpoint": event.checkpoint.relative_to(self.project.root).as_posix(),
            "best": event.best.relative_to(self.project.root).as_posix(),
            "images_per_s": self._speed(),
        }
        if event.reason == "stopped":
            raise Stopped("stopped", **facts)
        if event.reason == "step_cap":
            self.channel.notice("step-cap", step=event.step)
        return facts

    def _speed(self) -> float:
        """Images a second over this worker's steps, looks and checkpoints included."""
        if self.first is None or self.last is None or self.first is self.last:
            return 0.0
        seconds = self.last.seconds - self.first.seconds
        return round((self.last.images_seen - self.first.images_seen) / max(1e-9, seconds), 2)
