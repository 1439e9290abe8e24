"""Draws a sample set: pictures of every class asked for, suspected copies of training images drawn again.

What each picture is asked to show besides its class is decided by ``asking``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.errors import BadUsage, Failed, Refused
from app.domain.run import RunRecord
from app.domain.sample_set import Sample, SampleSetRecord
from app.jobs.spec import JobSpec
from app.services.generation import IMAGES
from app.services.generation import RECORD as SAMPLES
from app.services.history import CHECKPOINTS, RECORD
from app.store.folders import now, read_json, staged, write_json
from app.store.project import Project
from app.versions import versions
from app.worker.ancestry import Ancestry
from app.worker.asking import Asking
from app.worker.channel import Channel
from app.worker.pictures import write_sheet
from app.worker.planning import device_of, prepared
from models.api import FamilyConfig
from models.data.prepared import PreparedImages
from models.evaluate.neighbours import CopyCheck
from models.sampling.generate import generate
from models.training import checkpoint

REDRAWS = 3
"""How often a suspected copy is drawn again; what is still one then is left for the audit to show."""
SHEET = 64
"""Pictures in the growing contact sheet."""
SHEET_COLUMNS = 8


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Draw ``params["counts"]`` pictures of the classes of ``params["run"]`` into ``samples/<params["samples"]>``.

    Returns:
        ``{"samples", "counts": {class: n}, "screened_out"}``.

    Raises:
        Stopped: on request; nothing is left.
        BadUsage: ``unknown-class``.
        Refused: ``no-checkpoint``.
        Failed: ``not-finite``, ``damaged-checkpoint``, ``unwritable``.
    """
    project = Project.open(Path(spec.project))
    try:
        return _Sampling(spec, channel, project).run()
    except OSError as error:
        raise Failed("unwritable", path=str(project.samples), detail=error.strerror or str(error)) from error
    finally:
        project.close()


class _Copies:
    """Looks among what the run learnt and what stands behind it."""

    def __init__(self, own: CopyCheck, ancestry: Ancestry) -> None:
        self._own, self._ancestry = own, ancestry

    def suspects(self, images: NDArray[np.float32]) -> NDArray[np.bool_]:
        return self._own.suspects(self._own.nearest(images)) | self._ancestry.suspects(images)


class _Sampling:
    """One sample set in the making."""

    def __init__(self, spec: JobSpec, channel: Channel, project: Project) -> None:
        self.params, self.channel, self.project = spec.params, channel, project
        self.job = Path(spec.folder)
        self.source = project.runs / self.params["run"]
        self.record = RunRecord.from_json(read_json(self.source / RECORD))
        self.device = device_of(self.record)
        self.checkpoint = _best(self.source)
        self.labels = _labels(self.params["counts"], self.record.classes)

    def run(self) -> dict[str, Any]:
        data = prepared(self.project, self.record, self.source, self.channel)
        config = FamilyConfig.from_json(checkpoint.read(self.checkpoint).plan["family"])
        self.asking = Asking(data, config.attributes, self.params.get("asked", {}))
        with staged(self.project.samples / self.params["samples"]) as folder:
            shape = (len(self.labels), data.channels, data.size, data.size)
            images = np.lib.format.open_memmap(folder / IMAGES, mode="w+", dtype=np.float32, shape=shape)
            ancestry = Ancestry(self.project, self.source, self.channel)
            seeds, screened = self._draw(images, _Copies(CopyCheck(data), ancestry))
            images.flush()
            del images
            record = self._record(data, seeds, screened)
            write_json(folder / SAMPLES, record.to_json())
            self.channel.check()
        counts = Counter(self.record.classes[label] for label in self.labels)
        return {"samples": record.id, "counts": dict(counts), "screened_out": screened}

    def _draw(self, images: NDArray[np.float32], copies: _Copies) -> tuple[list[int], int]:
        """Fill ``images``; returns the seed of every picture and how many suspected copies were replaced."""
        first, count = int(self.params["seed"]), len(self.labels)
        seeds = [first + number for number in range(count)]
        self.channel.phase("Drawing images")
        suspects = self._fill(images, list(range(count)), seeds, copies)
        screened = 0
        for attempt in range(1, REDRAWS + 1):
            if not suspects:
                break
            self.channel.phase("Drawing suspected copies again")
            for number in suspects:
                seeds[number] = first + attempt * count + number
            screened += len(suspects)
            suspects = self._fill(images, suspects, seeds, copies)
        if suspects:
            self.channel.notice("copies-remain", count=len(suspects))
        return seeds, screened

    def _fill(
        self, images: NDArray[np.float32], numbers: Sequence[int], seeds: Sequence[int], copies: _Copies
    ) -> list[int]:
        """Draw the pictures of ``numbers``; returns those that are suspected copies."""
        labels, own_seeds = [self.labels[number] for number in numbers], [seeds[number] for number in numbers]
        drawn = generate(
            self.checkpoint,
            labels,
            own_seeds,
            attributes=self.asking.of(labels, own_seeds),
            steps=self.params.get("steps"),
            guidance=self.params.get("guidance"),
            device=self.device,
            on_step=self._on_step,
        )
        suspects: list[int] = []
        done = 0
        for batch in drawn:
            if not np.isfinite(batch).all():
                raise Failed("not-finite")
            places = list(numbers[done : done + len(batch)])
            done += len(batch)
            images[places] = batch
            found = copies.suspects(batch)
            suspects.extend(place for place, suspect in zip(places, found, strict=True) if suspect)
            self._show(images, numbers[:done])
        return suspects

    def _on_step(self, done: int, total: int) -> None:
        self.channel.check()
        self.channel.progress(done, total)

    def _show(self, images: NDArray[np.float32], numbers: Sequence[int]) -> None:
        """Write the sheet of what there is so far, spread over all classes."""
        chosen = sorted({numbers[int(at)] for at in np.linspace(0, len(numbers) - 1, min(SHEET, len(numbers)))})
        path = self.job / "previews" / f"{len(numbers):06d}.png"
        write_sheet(path, images[chosen], SHEET_COLUMNS)
        self.channel.preview(len(numbers), path.relative_to(self.project.root).as_posix())

    def _record(self, data: PreparedImages, seeds: Sequence[int], screened: int) -> SampleSetRecord:
        names = self.record.classes
        window, spacing = _typical(data)
        return SampleSetRecord(
            id=self.params["samples"],
            run=self.record.id,
            checkpoint=self.checkpoint.name,
            checkpoint_sha256=checkpoint.read(self.checkpoint).sha256,
            steps=self.params.get("steps"),
            guidance=self.params.get("guidance"),
            seed=int(self.params["seed"]),
            created=now(),
            screened_out=screened,
            window=window,
            pixel_spacing_mm=spacing,
            samples=tuple(
                Sample(number, names[label], seed, attributes=self.asking.words(label, seed))
                for number, (label, seed) in enumerate(zip(self.labels, seeds, strict=True))
            ),
            versions=versions(),
            asked=self.params.get("asked", {}),
        )


def _best(run_folder: Path) -> Path:
    try:
        found = checkpoint.best(run_folder / CHECKPOINTS)
        if found is not None:
            checkpoint.read(found)
    except ValueError as error:
        raise Failed("damaged-checkpoint", detail=str(error)) from error
    if found is None:
        raise Refused("no-checkpoint", run=run_folder.name)
    return found


def _labels(counts: dict[str, int], classes: Sequence[str]) -> list[int]:
    """One class index a picture, class after class."""
    for name in counts:
        if name not in classes:
            raise BadUsage("unknown-class", name=name, known=", ".join(classes))
    return [index for index, name in enumerate(classes) for _ in range(counts.get(name, 0))]


def _typical(data: PreparedImages) -> tuple[tuple[float, float], tuple[float, float] | None]:
    """Median window and pixel spacing of the training images; no spacing where fewer than half have one."""
    train = data.subset("train")
    low, high = np.median([data.facts.windows[i] for i in train], axis=0)
    spacings = [pair for i in train if (pair := data.facts.pixel_spacing_mm[i]) is not None]
    if 2 * len(spacings) < len(train) or not spacings:
        return (float(low), float(high)), None
    row, column = np.median(spacings, axis=0)
    return (float(low), float(high)), (float(row), float(column))
