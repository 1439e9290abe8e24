"""Copies of what stands behind a run: the images of the runs whose weights it began with.

A run that goes on from another may draw the other's training images, which its own cohort does not hold.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from app.domain.errors import Refused
from app.domain.run import RunRecord
from app.services import lineage
from app.services.history import COHORT, RECORD
from app.store import cohorts
from app.store.folders import read_json
from app.store.project import Project
from app.worker.audit_subject import learnt_images
from app.worker.channel import Channel
from models.evaluate.neighbours import CopyCheck


class Ancestry:
    """Looks for copies among the images of all runs behind one.

    Attributes:
        is_whole: false where something behind the run cannot be compared with: weights from elsewhere, a run that is
            gone or that learnt too few images.

    Raises:
        Refused: ``learnt-images-deleted``, ``learnt-images-changed``.
    """

    def __init__(self, project: Project, folder: Path, channel: Channel) -> None:
        if lineage.learnt_from_deleted(folder):
            raise Refused("learnt-images-deleted")
        self.is_whole = not lineage.has_unknown_start(folder)
        self._checks: list[tuple[int, CopyCheck]] = []
        for behind in lineage.ancestors(folder):
            record = RunRecord.from_json(read_json(behind / RECORD))
            data = learnt_images(project, record, cohorts.from_json(read_json(behind / COHORT)), channel)
            check = CopyCheck(data)
            self.is_whole &= check.rule is not None
            self._checks.append((data.size, check))

    def suspects(self, images: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Which of ``images`` ``(n, C, H, W)`` are nearer to an image behind the run than they should be."""
        found = np.zeros(len(images), dtype=np.bool_)
        for size, check in self._checks:
            found |= check.suspects(check.nearest(_at_size(images, size)))
        return found


def _at_size(images: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    if images.shape[-1] == size or not len(images):
        return images
    pixels = torch.from_numpy(np.ascontiguousarray(images))
    resized = functional.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True, align_corners=False)
    return resized.numpy()
