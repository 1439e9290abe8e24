"""A condition as one vector: the class and every attribute, each with a place of its own for "not asked".

It knows conditions, not images or what becomes of the vector.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from models.api import DROPPED, Attribute, Condition

FREQUENCIES = 8
"""Sine and cosine pairs that spread a number out, so that a network tells neighbouring ages apart."""


class ConditionEmbedding(nn.Module):
    """The sum of one vector for the class and one for every attribute."""

    def __init__(self, classes: int, attributes: Sequence[Attribute], width: int) -> None:
        super().__init__()
        self.label = ChoiceEmbedding(classes, width)
        self.attributes = nn.ModuleList(
            ChoiceEmbedding(len(one.values), width) if one.values else NumberEmbedding(width) for one in attributes
        )

    def forward(self, condition: Condition) -> Tensor:
        """``(B, width)``."""
        total: Tensor = self.label(condition.labels)
        for column, embed in enumerate(self.attributes):
            total = total + embed(condition.attributes[:, column])
        return total


class ChoiceEmbedding(nn.Embedding):
    """One vector per choice and one more, the last, for "not asked" (negative or NaN)."""

    def __init__(self, choices: int, width: int) -> None:
        super().__init__(choices + 1, width)
        self.choices = choices

    def forward(self, chosen: Tensor) -> Tensor:
        """``(B,)`` numbers of choices to ``(B, width)``."""
        numbers = torch.nan_to_num(chosen, nan=DROPPED).long() if chosen.is_floating_point() else chosen
        return super().forward(torch.where(numbers < 0, torch.full_like(numbers, self.choices), numbers))


class NumberEmbedding(nn.Module):
    """A number, about 0..1, as a vector; a learned one where it is NaN."""

    frequencies: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("frequencies", math.pi * 2.0 ** torch.arange(-1, FREQUENCIES - 1), persistent=False)
        self.layers = nn.Sequential(nn.Linear(2 * FREQUENCIES + 1, width), nn.GELU(), nn.Linear(width, width))
        self.nothing = nn.Parameter(torch.randn(width))

    def forward(self, numbers: Tensor) -> Tensor:
        """``(B,)`` to ``(B, width)``."""
        known = ~torch.isnan(numbers)
        plain = torch.nan_to_num(numbers)[:, None]
        waves = plain * self.frequencies
        said: Tensor = self.layers(torch.cat([plain, waves.sin(), waves.cos()], dim=1))
        return torch.where(known[:, None], said, self.nothing)
