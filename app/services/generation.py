"""Sample sets: ask for one, look at it, throw single pictures out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.domain import condition
from app.domain.cohort import Cohort
from app.domain.condition import Attribute
from app.domain.errors import BadUsage, Refused
from app.domain.sample_set import SampleSetRecord
from app.jobs.process import Job, OnMessage, OnOutcome
from app.services.history import COHORT
from app.services.starting import Starter
from app.services.training import Training
from app.store import cohorts
from app.store.folders import new_id, read_json, write_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

RECORD = "samples.json"
IMAGES = "images.npy"


class Generation:
    """The sample sets of a project."""

    def __init__(self, starter: Starter, training: Training) -> None:
        self._starter = starter
        self._training = training

    def start(
        self,
        run_id: str,
        *,
        per_class: int | None = None,
        classes: dict[str, int] | None = None,
        balance: bool = False,
        attributes: Mapping[str, str] | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        seed: int = 0,
        on_message: OnMessage | None = None,
        on_outcome: OnOutcome | None = None,
    ) -> Job:
        """Draw pictures in a worker; ``job.spec.params["samples"]`` is the id of the set to be.

        Args:
            run_id: the run to draw from.
            per_class: so many of every class.
            classes: so many of the named classes.
            balance: as many as bring every class up to the training images of the largest.
            attributes: what every picture is to show besides its class, as a person writes it; what is not asked is
                told to the model as it occurs in the training images of the class, all attributes together.
            steps, guidance: sampler settings; the family's default where ``None``.
            seed: the first picture's; the others count up.

        Raises:
            BadUsage: ``unknown-run``, ``bad-amount`` (not exactly one of the three, or nothing to draw),
                ``unknown-class``, ``unknown-attribute``, ``bad-attribute-value``.
            Refused: ``no-checkpoint``, ``balanced-already``.
        """
        info = self._training.run(run_id)
        if info.checkpoint is None:
            raise Refused("no-checkpoint", run=run_id)
        if [per_class is not None, classes is not None, balance].count(True) != 1:
            raise BadUsage("bad-amount")
        names = info.record.classes
        if balance:
            counts = _balancing(self._training_counts(info.folder))
        elif classes is not None:
            counts = _asked(classes, names)
        else:
            counts = dict.fromkeys(names, per_class or 0)
        if min(counts.values(), default=0) < 0 or not sum(counts.values()):
            raise BadUsage("bad-amount")
        params = {
            "run": run_id,
            "samples": new_id("samples"),
            "counts": counts,
            "asked": condition.asked(self.attributes(run_id), attributes) if attributes else {},
            "steps": steps,
            "guidance": guidance,
            "seed": seed,
        }
        return self._starter.start("sample", params, resource="gpu", on_message=on_message, on_outcome=on_outcome)

    def attributes(self, run_id: str) -> tuple[Attribute, ...]:
        """What pictures of a run can be asked to show besides their class.

        Raises:
            BadUsage: ``unknown-run``.
        """
        return _cohort(self._training.run(run_id).folder).attributes

    def sets(self) -> list[SampleSetRecord]:
        """All sample sets, newest first."""
        found = [_read(path.parent) for path in self._starter.project.samples.glob(f"[!.]*/{RECORD}")]
        return sorted(found, key=lambda record: (record.created, record.id), reverse=True)

    def load(self, samples_id: str) -> SampleSetRecord:
        """One sample set.

        Raises:
            BadUsage: ``unknown-samples``.
        """
        return _read(self._folder(samples_id))

    def images(self, samples_id: str) -> NDArray[np.float32]:
        """The pictures, memory-mapped: float32 ``(N, C, H, W)`` in [-1, 1]. Raises as ``load``."""
        images: NDArray[np.float32] = np.load(self._folder(samples_id) / IMAGES, mmap_mode="r", allow_pickle=False)
        return images

    def throw_out(self, samples_id: str, numbers: Iterable[int], kept: bool = False) -> SampleSetRecord:
        """Leave pictures out of every export, or take them back (``kept`` true). Nothing is deleted.

        Raises:
            BadUsage: ``unknown-samples``.
        """
        record = self.load(samples_id)
        chosen = set(numbers)
        samples = tuple(replace(s, kept=kept) if s.number in chosen else s for s in record.samples)
        changed = replace(record, samples=samples)
        write_json(self._folder(samples_id) / RECORD, changed.to_json())
        return changed

    def _training_counts(self, run: Path) -> dict[str, int]:
        return {name: n["train"] for name, n in _cohort(run).counts().items()}

    def _folder(self, samples_id: str) -> Path:
        folder = self._starter.project.samples / samples_id
        if not samples_id or Path(samples_id).name != samples_id or not (folder / RECORD).exists():
            known = ", ".join(record.id for record in self.sets())
            raise BadUsage("unknown-samples", samples=samples_id, known=known or "none")
        return folder


def _cohort(run: Path) -> Cohort:
    """What a run learnt from, as it keeps it."""
    return cohorts.from_json(read_json(run / COHORT))


def _read(folder: Path) -> SampleSetRecord:
    return SampleSetRecord.from_json(read_json(folder / RECORD))


def _balancing(counts: dict[str, int]) -> dict[str, int]:
    """What every class lacks of the largest one."""
    largest = max(counts.values())
    lacking = {name: largest - count for name, count in counts.items()}
    if not any(lacking.values()):
        raise Refused("balanced-already", count=largest)
    return lacking


def _asked(classes: dict[str, int], known: tuple[str, ...]) -> dict[str, int]:
    unknown = next((name for name in classes if name not in known), None)
    if unknown is not None:
        raise BadUsage("unknown-class", name=unknown, known=", ".join(known))
    return {name: classes.get(name, 0) for name in known}
