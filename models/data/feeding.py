"""Prepared arrays as training batches: the torch side of ``models.data.prepared``."""

from __future__ import annotations

import torch
from torch import Tensor

from models.api import Batch, Condition
from models.data.prepared import PreparedImages
from models.training.augment import PARAMETERS, Augmentation
from models.training.deck import Deck

IN_MEMORY = 2**30
"""Bytes of float32 images up to which a split is held in memory; a larger one is read from disk batch by batch."""


class Feed:
    """The images of one split, dealt in shuffled, augmented batches.

    Raises ValueError where the split is empty.
    """

    def __init__(self, data: PreparedImages, split: str) -> None:
        self._data = data
        self._indices = data.subset(split)
        self.deck = Deck(len(self._indices))
        self._told = Condition(
            torch.from_numpy(data.labels[self._indices]), torch.from_numpy(data.attributes[self._indices])
        )
        small = len(self._indices) * data.channels * data.size**2 * 4 <= IN_MEMORY
        self._held = torch.from_numpy(data.images(self._indices)) if small else None

    def __len__(self) -> int:
        return len(self._indices)

    def take(self, hand: Tensor) -> tuple[Tensor, Condition]:
        """Images and what is known of them at positions ``hand`` of the split."""
        if self._held is not None:
            return self._held[hand], self._told[hand]
        return torch.from_numpy(self._data.images(self._indices[hand.numpy()])), self._told[hand]

    def batch(self, size: int, augmentation: Augmentation, generator: torch.Generator) -> Batch:
        """The next ``size`` images, moved about."""
        images, condition = self.take(self.deck.deal(size, generator))
        moved, told = augmentation.apply(images, generator)
        return Batch(moved, condition, told)

    def plain(self, limit: int) -> Batch:
        """At most ``limit`` images evenly spread over the split, untouched."""
        hand = torch.linspace(0, len(self) - 1, min(limit, len(self))).round().long()
        images, condition = self.take(hand)
        return Batch(images, condition, torch.zeros(len(condition), PARAMETERS))


def on_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on ``device``."""
    return Batch(batch.images.to(device), batch.condition.to(device), batch.augmentation.to(device))
