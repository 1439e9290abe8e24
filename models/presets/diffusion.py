"""Numbers of the diffusion family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {}
"""Fields of ``TrainingPlan`` that differ from their defaults."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``DiffusionOptions`` for ``task``.

    A weaker network guides better than the dropped condition and costs a quarter of an evaluation, but a fifth of the
    time of a training step. Jumps are learnt from few walks: a longer second stage would only take from the first.
    """
    return {
        "unshuffle": 2 if task.size <= 48 else 4,
        "channels": [64, 128] if task.on_cpu else [128, 256, 256],
        # MONAI's middle block attends in any case; more of it costs a processor a fifth of its images a second.
        "attention": [False, False] if task.on_cpu else [False, True, True],
        "res_blocks": 1 if task.on_cpu else 2,
        "guide": "weaker",
        "guidance": 2.0,
        "jump_share": 0.15,
    }
