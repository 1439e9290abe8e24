"""Drawing images from a checkpoint, batch by batch.

It knows a checkpoint's path, labels and seeds; not runs, projects or what becomes of the images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from models.api import Condition, FamilyConfig
from models.training.storing import sampler_of

PIXELS_AT_ONCE = {"cpu": 64 * 32 * 32, "cuda": 256 * 128 * 128, "mps": 64 * 128 * 128}
"""Pixels of a batch: enough to keep the device busy, few enough to stop soon and to fit."""


def generate(
    checkpoint: Path,
    labels: Sequence[int],
    seeds: Sequence[int],
    *,
    attributes: NDArray[np.float32] | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    batch: int | None = None,
    device: str = "cpu",
    on_step: Callable[[int, int], None] | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Draw one image per label and seed, in order, as arrays ``(b, C, H, W)`` in [-1, 1].

    Args:
        checkpoint: its JSON; the weight average that it names is used.
        labels: class index per image, -1 for no condition.
        seeds: one per image; the same seed and label give the same image in any batch.
        attributes: ``(n, K)`` as in ``Condition``; nothing is asked of any where None.
        steps: network evaluations; the family's default where None.
        guidance: the family's default where None.
        batch: images at once; chosen by device and size where None.
        device: "cpu", "cuda", "cuda:1", "mps".
        on_step: called between sampler steps with (steps done, steps in all) over all batches; an exception from it
            ends the sampling.

    Raises:
        ValueError: the checkpoint is damaged or foreign, a label has no class, or labels, seeds and attributes
            differ in number.
    """
    if len(labels) != len(seeds):
        raise ValueError(f"{len(labels)} labels for {len(seeds)} seeds")
    place = torch.device(device)
    family, config = sampler_of(checkpoint, place)
    if any(not -1 <= label < len(config.classes) for label in labels):
        raise ValueError(f"labels must be -1 or below {len(config.classes)}")
    at_once = batch or max(1, PIXELS_AT_ONCE.get(place.type, PIXELS_AT_ONCE["cpu"]) // config.size**2)
    told = _told(labels, attributes, config)
    rounds = -(-len(labels) // at_once)
    for number in range(rounds):
        part = slice(number * at_once, (number + 1) * at_once)

        def step_done(done: int, total: int, number: int = number) -> None:
            if on_step is not None:
                on_step(number * total + done, rounds * total)

        images = family.sample(told[part], list(seeds[part]), steps=steps, guidance=guidance, on_step=step_done)
        yield images.float().cpu().numpy()


def _told(labels: Sequence[int], attributes: NDArray[np.float32] | None, config: FamilyConfig) -> Condition:
    wanted = (len(labels), len(config.attributes))
    if attributes is None:
        attributes = np.full(wanted, np.nan, np.float32)
    if attributes.shape != wanted:
        raise ValueError(f"attributes of shape {attributes.shape}, not {wanted}")
    return Condition(torch.as_tensor(labels, dtype=torch.int64), torch.from_numpy(attributes))
