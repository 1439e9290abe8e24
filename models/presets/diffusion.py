"""Numbers of the diffusion family."""

from __future__ import annotations

from typing import Any

from models.presets.task import Task

TRAINING: dict[str, Any] = {}
"""Fields of ``TrainingPlan`` that differ from their defaults."""


def options(task: Task) -> dict[str, Any]:
    """Options of ``DiffusionOptions`` for ``task``.

    At 32 pixels a fold of four with a wider first level sees half as many images again as a fold of two, and after five
    minutes on two cores is nearer to real ones. Guidance by a weaker network (``guide``) was measured and not taken: it
    costs a fifth of a training step, and classes were shown less surely. Jumps are learnt from few walks: a longer
    second stage would only take from the first.
    """
    small = task.size <= 48
    return {
        "unshuffle": 4 if task.on_cpu or not small else 2,
        "channels": ([96, 128] if small else [64, 128]) if task.on_cpu else [128, 256, 256],
        # MONAI's middle block attends in any case; more of it costs a processor a fifth of its images a second.
        "attention": [False, False] if task.on_cpu else [False, True, True],
        "res_blocks": 1 if task.on_cpu else 2,
        "guide": "dropped",
        "guidance": 2.0,
        "jump_share": 0.15,
    }
