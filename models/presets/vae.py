"""Numbers of the VAE family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {"learning_rate": 2e-3}
"""Fields of ``TrainingPlan`` that differ from their defaults."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``VaeOptions`` for ``task``."""
    channels = [48, 96, 128] if task.on_cpu else [96, 192, 256]
    return {"unshuffle": 2 if task.size <= 48 else 4, "channels": channels, "width": 48}
