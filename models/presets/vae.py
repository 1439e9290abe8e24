"""Numbers of the VAE family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {"learning_rate": 2e-3}
"""Fields of ``TrainingPlan`` that differ from their defaults."""

FEWEST, MOST = 4, 32
"""Gaussians in the prior."""
MANY = 600
"""Training images from which on the middle of a place is no image."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``VaeOptions`` for ``task``.

    A strong fold is what makes a processor fast here: at 32 pixels, two levels on folds of four learn as much from as
    many images as three on folds of two, at twice the images a second.

    The prior has a place for every thirty images. Drawn a little nearer to the middles of these places, images agree
    more with the class asked for and lie nearer to real ones; with few images a middle is nearly an image, so less of
    it is done (of 200, 6 % came out as copies at 0.7 with 32 places, none at 0.85 with 6).
    """
    drawn = {
        "components": max(FEWEST, min(MOST, task.images // 30)),
        "temperature": 0.7 if task.images >= MANY else 0.85,
    }
    if not task.on_cpu:
        fold = 2 if task.size <= 48 else 4 if task.size <= 128 else 8
        return {"unshuffle": fold, "channels": [96, 192, 256], "width": 48, **drawn}
    fold = 4 if task.size <= 128 else 8
    return {"unshuffle": fold, "channels": [96, 128] if task.size <= 64 else [64, 96, 128], "width": 48, **drawn}
