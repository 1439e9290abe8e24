"""Training: start a run, resume it, see where each run stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.domain.cohort import Cohort
from app.domain.errors import BadUsage, Refused, UnderstudyError
from app.domain.run import RunRecord, RunState
from app.jobs.messages import Message
from app.jobs.process import Job, OnMessage, OnOutcome
from app.jobs.spec import FILE_NAME, JobSpec
from app.services import history, priors
from app.services.history import COHORT, RECORD, RunInfo
from app.services.priors import Prior, source_run
from app.services.starting import Starter
from app.store import cohorts
from app.store.folders import new_id, now, write_json
from app.versions import versions

DEFAULT_BUDGET_S = 600.0
LEAST_IMAGES = 4
"""Training images of a class below which nothing but these images can come out."""


class Training:
    """The runs of a project."""

    def __init__(self, starter: Starter) -> None:
        self._starter = starter

    def start(
        self,
        cohort: Cohort,
        *,
        family: str = "auto",
        budget_s: float | None = None,
        steps: int | None = None,
        seed: int = 0,
        device: str = "auto",
        devices: int = 1,
        from_checkpoint: str | Path | None = None,
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """Start a run; ``job.spec.params["run"]`` is its id and ``job.spec.folder`` its folder.

        Args:
            cohort: what to learn; the run keeps a copy of it.
            family: registry name, or "auto" to let the worker choose by cohort, budget and device.
            budget_s: training seconds; 600 where neither this nor ``steps`` is given.
            steps: training steps instead of a time.
            seed: of everything random.
            device: "auto", "cpu", "cuda:0", "mps".
            devices: how many devices of that kind share every step; their number is checked by the worker.
            from_checkpoint: what to begin with: a checkpoint of the same family (classes and attributes may differ), or
                the folder or ZIP of a MONAI bundle.

        Raises:
            BadUsage: ``bad-budget``.
            Refused: ``class-too-small``; ``path-missing`` and ``learnt-images-deleted`` for ``from_checkpoint``.
        """
        if budget_s is None and steps is None:
            budget_s = DEFAULT_BUDGET_S
        _check_budget(budget_s, steps)
        _check_classes(cohort)
        begin = None if from_checkpoint is None else Path(from_checkpoint).expanduser().absolute()
        start = {} if begin is None else self._source(begin)
        record = RunRecord(
            id=new_id("run"),
            cohort=cohort.name,
            prepared="",
            family=family,
            reason="" if family == "auto" else "Chosen by hand.",
            budget_s=budget_s,
            steps=steps,
            seed=seed,
            device=device,
            devices=devices,
            created=now(),
            versions=versions(),
            recipe=cohort.recipe.to_json(),
            classes=cohort.classes,
            start=start,
        )
        folder = self._starter.project.runs / record.id
        folder.mkdir(parents=True)
        write_json(folder / COHORT, cohorts.to_json(cohort))
        write_json(folder / RECORD, record.to_json())
        return self._start(record, {"from_checkpoint": begin and str(begin)}, on_message, on_outcome)

    def resume(
        self,
        run_id: str,
        *,
        budget_s: float | None = None,
        steps: int | None = None,
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """Go on with a run from its last checkpoint, for what is left of its budget.

        Args:
            run_id: the run.
            budget_s, steps: that much more, on top of what was trained; the run's budget grows to it.

        Raises:
            BadUsage: ``unknown-run``, ``bad-budget``.
            Refused: ``job-running``, ``run-finished`` (done, and nothing more is asked for); what ``start`` refuses to
                begin with, where nothing was saved yet.
        """
        info = self.run(run_id)
        if info.state is RunState.RUNNING:
            raise Refused("job-running", job=run_id)
        if budget_s is not None or steps is not None:
            _check_budget(budget_s, steps)
        elif info.state is RunState.DONE:
            raise Refused("run-finished", run=run_id)
        begin = _begin_of(info.folder)
        if begin is not None and info.checkpoint is None:
            self._source(begin)
        more = {"more_s": budget_s, "more_steps": steps, "from_checkpoint": begin and str(begin)}
        return self._start(info.record, {"resume": True, **more}, on_message, on_outcome)

    def runs(self) -> list[RunInfo]:
        """All runs, newest first."""
        folders = sorted(self._starter.project.runs.glob(f"*/{RECORD}"), reverse=True)
        return [self._info(path.parent) for path in folders]

    def run(self, run_id: str) -> RunInfo:
        """One run.

        Raises:
            BadUsage: ``unknown-run``.
        """
        folder = self._starter.project.runs / run_id
        if not run_id or Path(run_id).name != run_id or not (folder / RECORD).exists():
            known = ", ".join(path.parent.name for path in self._starter.project.runs.glob(f"*/{RECORD}"))
            raise BadUsage("unknown-run", run=run_id, known=known or "none")
        return self._info(folder)

    def priors(self, family: str, size: int, channels: int = 1, *, runs: list[RunInfo] | None = None) -> list[Prior]:
        """Earlier runs that one of ``family`` on pictures of ``size`` pixels could begin with, the likeliest first.

        Their ``path`` is what ``start`` takes as ``from_checkpoint``. ``runs`` spares reading them again.
        """
        return priors.priors(self.runs() if runs is None else runs, family, size, channels)

    def history(self, run_id: str) -> list[Message]:
        """Everything that the run said, over all its resumes, oldest first. Raises as ``run``."""
        return history.history(self.run(run_id).folder)

    def _source(self, path: Path) -> dict[str, Any]:
        """What a run's record says of its start before the worker has read it: the run of this project it lies in."""
        if not path.exists():
            raise Refused("path-missing", path=str(path))
        run = source_run(path, self._starter.project.runs)
        return {"run": run} if run else {}

    def _info(self, folder: Path) -> RunInfo:
        return history.read_run(folder, alive=self._starter.runner.find(folder.name) is not None)

    def _start(
        self, record: RunRecord, params: dict[str, Any], on_message: OnMessage | None, on_outcome: OnOutcome | None
    ) -> Job:
        return self._starter.start(
            "train",
            {"run": record.id, **params},
            resource="gpu",
            folder=self._starter.project.runs / record.id,
            on_message=on_message,
            on_outcome=on_outcome,
        )


def _begin_of(folder: Path) -> Path | None:
    """What the run in ``folder`` was asked to begin with: its worker needs it again where nothing was saved yet."""
    try:
        begin = JobSpec.read(folder / FILE_NAME).params.get("from_checkpoint")
    except UnderstudyError:
        return None
    return Path(begin) if begin else None


def _check_budget(budget_s: float | None, steps: int | None) -> None:
    if (budget_s is None) == (steps is None) or (budget_s or steps or 0) <= 0:
        raise BadUsage("bad-budget")


def _check_classes(cohort: Cohort) -> None:
    counts = {name: splits["train"] for name, splits in cohort.counts().items()}
    if not counts:
        raise Refused("class-too-small", name=cohort.name, count=0, least=LEAST_IMAGES)
    smallest = min(counts, key=lambda name: counts[name])
    if counts[smallest] < LEAST_IMAGES:
        raise Refused("class-too-small", name=smallest, count=counts[smallest], least=LEAST_IMAGES)
