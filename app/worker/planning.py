"""From a run's record to a training plan, for a new run and for one that goes on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.errors import BadUsage, Refused
from app.domain.run import RunRecord
from app.services.history import COHORT
from app.store import cohorts
from app.store.folders import read_json
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.devices import resolve
from app.worker.prepare import ensure_prepared
from models.api import Attribute
from models.config import TrainingPlan, choose_family, preset, training_plan
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.training import checkpoint
from models.training.checkpoint import Checkpoint
from models.training.state import RunState


def prepared(project: Project, record: RunRecord, folder: Path, channel: Channel) -> PreparedImages:
    """The pictures of a run: those that it began with where they are still there, else made again.

    Raises:
        UnderstudyError: a source image is gone (see ``ensure_prepared``).
    """
    kept = project.root / record.prepared
    if record.prepared and (kept / "prepared.json").exists():
        return PreparedImages.open(kept)
    cohort = cohorts.from_json(read_json(folder / COHORT))
    return PreparedImages.open(ensure_prepared(project, cohort, channel))


def settled(record: RunRecord, data: PreparedImages, device: str) -> RunRecord:
    """The record with "auto" turned into a family and its reason, and the device that is there."""
    family, reason = record.family, record.reason
    if family == "auto":
        images = len(data.subset("train"))
        family, reason = choose_family(images=images, size=data.size, budget_s=record.budget_s, device=device)
    return replace(record, family=family, reason=reason, device=device)


def new_plan(record: RunRecord, data: PreparedImages) -> TrainingPlan:
    """The plan of a run that begins.

    Raises:
        Refused: ``cannot-train``: the family cannot be made for these pictures.
    """
    images = len(data.subset("train"))
    try:
        config = preset(
            record.family,
            size=data.size,
            channels=data.channels,
            classes=data.classes,
            attributes=tuple(Attribute(*one) for one in data.facts.attributes),
            images=images,
            device=record.device,
            statistics=data.statistics(),
        )
    except ValueError as error:
        raise Refused("cannot-train", detail=str(error)) from error
    asked = {} if record.steps is None else {"step_cap": None}
    return training_plan(
        config,
        images=images,
        **asked,
        seed=record.seed,
        device=record.device,
        budget_s=record.budget_s,
        steps=record.steps,
    )


def resumed_plan(record: RunRecord, stored: Checkpoint, params: dict[str, Any]) -> TrainingPlan:
    """The plan of a checkpoint, with what is asked for on top and the device that is there now."""
    plan = TrainingPlan.from_json(stored.plan)
    changes: dict[str, Any] = {"device": record.device}
    if params.get("more_s") is not None:
        changes |= {"budget_s": stored.seconds + params["more_s"], "steps": None, "step_cap": None}
    elif params.get("more_steps") is not None:
        changes |= {"steps": stored.step + params["more_steps"], "budget_s": None, "step_cap": None}
    return replace(plan, **changes)


def last_good(folder: Path, channel: Channel) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint that is whole; a damaged one is told and passed over."""
    for path in sorted(folder.glob("step-*.json"), reverse=True):
        try:
            return path, checkpoint.read(path)
        except ValueError as error:
            channel.notice("checkpoint-damaged", detail=str(error))
    return None


def begun_from(path: Path, plan: TrainingPlan, data: PreparedImages, folder: Path) -> Path:
    """A first checkpoint of ``plan`` that wears the weights of another run's; returns its path.

    Raises:
        BadUsage: ``bad-checkpoint``: damaged, or of a network of another shape.
    """
    path = path.with_suffix(".json")
    try:
        source = checkpoint.read(path)
        weights = checkpoint.tensors(path, f"average/{source.average}/")
        state = RunState(plan, Feed(data, "train"))
        state.family.network.load_state_dict(weights)
    except (ValueError, RuntimeError) as error:
        raise BadUsage("bad-checkpoint", path=str(path), detail=str(error).splitlines()[0]) from error
    for length in state.averages.lengths:
        state.averages.load(length, weights)
    state.choose_precision()
    return state.save(folder, seconds=0.0, held_out_loss=None)


def device_of(record: RunRecord) -> str:
    """The device to use now.

    Raises:
        Refused: ``device-missing``.
    """
    device = resolve(record.device)
    if device.startswith("cuda") and device not in _cards():
        raise Refused("device-missing", device=device)
    return device


def _cards() -> list[str]:
    import torch

    return [f"cuda:{index}" for index in range(torch.cuda.device_count())]
