"""Dealing training images in shuffled order, so that it can be put down and taken up again exactly.

It knows indices only.
"""

from __future__ import annotations

import torch
from torch import Tensor


class Deck:
    """Deals indices 0..count-1; each comes once before any comes again. The order comes from the given generator."""

    def __init__(self, count: int) -> None:
        if count < 1:
            raise ValueError("there are no training images")
        self._count = count
        self.order = torch.empty(0, dtype=torch.int64)
        self.position = 0

    def deal(self, wanted: int, generator: torch.Generator) -> Tensor:
        """The next ``wanted`` indices; a new round begins in the middle of a hand where one ends."""
        hand: list[Tensor] = []
        while wanted > 0:
            if self.position >= len(self.order):
                self.order, self.position = torch.randperm(self._count, generator=generator), 0
            taken = self.order[self.position : self.position + wanted]
            self.position += len(taken)
            wanted -= len(taken)
            hand.append(taken)
        return torch.cat(hand)

    def shuffle(self, generator: torch.Generator) -> None:
        """Deal what is left of this round in another order."""
        left = self.order[self.position :]
        mixed = left[torch.randperm(len(left), generator=generator)]
        self.order = torch.cat([self.order[: self.position], mixed])
