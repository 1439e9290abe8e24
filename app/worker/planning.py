"""From a run's record to a training plan, for a new run and for one that goes on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.domain.errors import Refused
from app.domain.run import RunRecord
from app.services.history import COHORT
from app.store import cohorts
from app.store.folders import read_json
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.devices import resolve
from app.worker.heads import tell
from app.worker.prepare import ensure_prepared
from models.api import Attribute
from models.config import TrainingPlan, choose_family, preset, training_plan
from models.data.feeding import Feed
from models.data.prepared import PreparedImages
from models.start.opening import opened
from models.start.skeleton import UNFIT, plain_line, skeleton
from models.start.taken import Start, Taken
from models.training import checkpoint
from models.training.checkpoint import Checkpoint
from models.training.ema import WeightAverages
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
    data = PreparedImages.open(ensure_prepared(project, cohort, channel))
    tell(data, channel)
    return data


def settled(record: RunRecord, data: PreparedImages, device: str, begin: Start | None = None) -> RunRecord:
    """The record with "auto" turned into a family and its reason, and the device that is there."""
    family, reason = record.family, record.reason
    if family == "auto" and begin is not None:
        family, reason = begin.family, "The weights that it starts from are of this family."
    elif family == "auto":
        images = len(data.subset("train"))
        family, reason = choose_family(images=images, size=data.size, budget_s=record.budget_s, device=device)
    return replace(record, family=family, reason=reason, device=device)


def new_plan(record: RunRecord, data: PreparedImages, begin: Start | None = None, path: str = "") -> TrainingPlan:
    """The plan of a run that begins; its network is that of ``begin`` (which lies at ``path``), where it has one.

    Raises:
        Refused: ``cannot-train``: the family cannot be made for these pictures; ``bad-start``: nor as ``begin`` asks.
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
    if begin is not None:
        with _sound(path):
            config = begin.config(config)
            skeleton(config)
    asked = {} if record.steps is None else {"step_cap": None, "patience": None}
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
    unending = {"step_cap": None, "patience": None}
    if params.get("more_s") is not None:
        changes |= {"budget_s": stored.seconds + params["more_s"], "steps": None, **unending}
    elif params.get("more_steps") is not None:
        changes |= {"steps": stored.step + params["more_steps"], "budget_s": None, **unending}
    return replace(plan, **changes)


def last_good(folder: Path, channel: Channel) -> tuple[Path, Checkpoint] | None:
    """The newest checkpoint that is whole; a damaged one is told and passed over."""
    for path in sorted(folder.glob("step-*.json"), reverse=True):
        try:
            return path, checkpoint.read(path)
        except ValueError as error:
            channel.notice("checkpoint-damaged", detail=str(error))
    return None


def start_of(params: dict[str, Any]) -> Start | None:
    """What the run is to begin from, read and found sound; None where it begins anew.

    Raises:
        Refused: ``bad-start``: it is damaged, hostile, or nothing that can be begun from.
    """
    path = params.get("from_checkpoint")
    if not path:
        return None
    with _sound(path):
        return opened(Path(path))


def begun_from(begin: Start, path: str, plan: TrainingPlan, data: PreparedImages, folder: Path) -> tuple[Path, Taken]:
    """A first checkpoint of ``plan`` that wears the weights of ``begin``; its path, and what was taken over.

    Raises:
        Refused: ``bad-start``: the weights do not fit these pictures.
    """
    with _sound(path):
        weights, taken = begin.weights(plan.family)
        state = RunState(plan, Feed(data, "train"))
        state.family.network.load_state_dict(weights, strict=False)
    state.averages = WeightAverages(state.family.network, plan.averages)
    state.choose_precision()
    return state.save(folder, seconds=0.0, held_out_loss=None), taken


def told(taken: Taken, path: str) -> dict[str, str]:
    """The facts of the notice ``started-from``."""
    parts = [
        (f"new: {', '.join(taken.new)}", taken.kind == "checkpoint" and taken.new),
        (f"left behind: {', '.join(taken.lost)}", taken.lost),
        (f"new attributes: {', '.join(taken.attributes_new)}", taken.attributes_new),
        (f"attributes left behind: {', '.join(taken.attributes_lost)}", taken.attributes_lost),
        ("grey levels of these pictures, as they differ much", taken.kind == "checkpoint" and taken.own_greys),
        ("classes and noise levels are learnt anew", taken.kind == "bundle"),
    ]
    said = "; ".join(text for text, applies in parts if applies)
    return {"name": Path(path).name, "share": f"{taken.share:.0%}", "detail": said or "nothing else differs"}


@contextmanager
def _sound(path: str) -> Iterator[None]:
    """Whatever a file from outside makes go wrong becomes one sentence that names it."""
    try:
        yield
    except UNFIT as error:
        raise Refused("bad-start", path=str(path), detail=plain_line(error)) from error


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
