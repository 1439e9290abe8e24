"""Earlier runs of this project that a new one could begin with: what the same site has learnt before.

Reads files only. A run that learnt from a patient who was deleted since is no start: its weights may remember.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain import families
from app.domain.errors import Failed, Refused
from app.domain.run import RunState
from app.services.history import CHECKPOINTS, RECORD, RunInfo
from app.services.lineage import has_unknown_start, learnt_from_deleted
from app.store.folders import read_json


@dataclass(frozen=True, slots=True)
class Prior:
    """A run to begin with.

    Attributes:
        run: its id.
        cohort: name of what it learnt.
        family: registry name.
        size: side of its pictures in pixels.
        classes: names of what it can draw.
        steps: training steps behind it.
        path: what to give as the start; the worker takes the best checkpoint in it.
        traceable: whether all that it may remember was learnt in this project, so that copies can be looked for.
    """

    run: str
    cohort: str
    family: str
    size: int
    classes: tuple[str, ...]
    steps: int
    path: Path
    traceable: bool = True


def priors(runs: list[RunInfo], family: str, size: int, channels: int) -> list[Prior]:
    """Those of ``runs`` that a run of ``family`` ("auto": any) on such pictures could begin with.

    Runs that drew the same size come first, then those with more steps behind them.
    """
    found = (prior for info in runs if (prior := _prior(info, channels)) and family in (families.AUTO, prior.family))
    fitting = (prior for prior in found if prior.size == size or families.choice(prior.family).any_size)
    return sorted(fitting, key=lambda prior: (prior.size != size, -prior.steps))


def source_run(path: Path, runs: Path) -> str:
    """The id of the run below ``runs`` that ``path`` belongs to, "" for none.

    Raises:
        Refused: ``learnt-images-deleted``: it learnt from a patient who was deleted since.
    """
    place, home = path.resolve(), runs.resolve()
    if not place.is_relative_to(home) or place == home:
        return ""
    run = place.relative_to(home).parts[0]
    if (home / run / RECORD).exists() and learnt_from_deleted(home / run):
        raise Refused("learnt-images-deleted")
    return run


def _prior(info: RunInfo, channels: int) -> Prior | None:
    """``info`` as a start; None where it is in work, has saved nothing, or has other colours or deleted patients."""
    if info.checkpoint is None or info.state is RunState.RUNNING:
        return None
    try:
        learnt: dict[str, Any] = read_json(info.checkpoint)["plan"]["family"]
        if learnt["channels"] != channels or learnt_from_deleted(info.folder):
            return None
        return Prior(
            run=info.record.id,
            cohort=info.record.cohort,
            family=str(learnt["family"]),
            size=int(learnt["size"]),
            classes=tuple(learnt["classes"]),
            steps=info.last_step,
            path=info.folder / CHECKPOINTS,
            traceable=not has_unknown_start(info.folder),
        )
    except (Failed, OSError, KeyError, TypeError, ValueError):
        return None
