"""The training objective of masked modelling: guess hidden numbers from those in sight (Chang et al. 2022, MaskGIT).

It knows codes and a function that guesses them, not networks or images.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from models.nets.token_transformer import HIDDEN

Guess = Callable[[Tensor], Tensor]
"""Codes ``(B, N, D)``, partly hidden, to logits ``(B, N, D, levels)``."""


BEND = 2.2
"""After a share s of the steps a share s^BEND of the numbers is known: most steps go to the coarse ones."""
AHEAD = 1.5
"""How many numbers of each place, beyond those known, are asked for in training."""


def masked_loss(guess: Guess, codes: Tensor, noise: float, generator: torch.Generator) -> Tensor:
    """Mean cross-entropy, in nats, of numbers that are hidden and next to be revealed.

    The codec puts what matters most into the first number of each place, so numbers are revealed in this order, coarse
    to fine (as the scales of Tian et al. 2024), and in any order of places. How far an image is revealed follows the
    schedule of the decoding, spread evenly over the batch. What lies further ahead than ``AHEAD`` is not asked for:
    without the numbers before it nobody could know it.

    Args:
        guess: the network.
        codes: ``(B, N, D)`` int64.
        noise: share of the numbers in sight that show a wrong level, as a drawn image sometimes will.
        generator: on the CPU.
    """
    count, numbers = len(codes), codes.shape[2]
    spread = (torch.randperm(count, generator=generator) + torch.rand(count, generator=generator)) / count
    known = (numbers * spread**BEND)[:, None, None].to(codes.device)
    turn = (torch.arange(numbers) + torch.rand(codes.shape, generator=generator)).to(codes.device)
    hidden, asked = turn >= known, (turn >= known) & (turn < known + AHEAD)
    wrong = (torch.rand(codes.shape, generator=generator) < noise).to(codes.device)
    seen = torch.where(wrong, _shuffled(codes, generator), codes).masked_fill(hidden, HIDDEN)
    odds = guess(seen).float()
    losses = functional.cross_entropy(odds.flatten(0, 2), codes.flatten(), reduction="none")
    return (losses * asked.flatten()).sum() / asked.sum().clamp(min=1)


def _shuffled(codes: Tensor, generator: torch.Generator) -> Tensor:
    """The same numbers of other images of the batch: wrong, but of the right kind."""
    order = torch.randperm(len(codes), generator=generator).to(codes.device)
    return codes[order]
