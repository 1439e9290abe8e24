"""Drawing codes by revealing hidden numbers, several at a time, over a few steps (Chang et al. 2022, MaskGIT).

The first number of every place comes before the second of any, coarse to fine. It knows a function that guesses hidden
numbers; not networks, images or conditions.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from models.api import OnStep
from models.nets.token_transformer import HIDDEN, CodeShape
from models.objectives.masked_tokens import BEND, Guess
from models.training.seeds import generator as seeded

TINY = 1e-12
FAR = 1e4
"""More than sureness ever differs by: what is finer waits."""


def revealed(total: int, steps: int) -> list[int]:
    """How many of ``total`` numbers are known after each step: few at first, while the coarse ones are drawn.

    At least one more in every step, all after the last; no more steps than numbers.
    """
    steps = max(1, min(steps, total))
    counts: list[int] = []
    for step in range(1, steps + 1):
        fewest = counts[-1] + 1 if counts else 1
        counts.append(min(max(round(total * (step / steps) ** BEND), fewest), total - (steps - step)))
    return counts


def decode_masked(
    guess: Guess,
    seeds: Sequence[int],
    shape: CodeShape,
    device: torch.device,
    *,
    steps: int,
    on_step: OnStep,
    temperature: float = 1.0,
    wander: float = 2.0,
) -> Tensor:
    """Draw ``(B, N, D)`` codes: in each step all that is hidden is drawn, and what is surest is kept.

    Args:
        guess: the odds of every number, given those that are known.
        seeds: one per image; all that is random in an image comes from its seed.
        shape: of the codes.
        device: where ``guess`` works.
        steps: guesses per image.
        on_step: called after each; an exception from it ends the drawing.
        temperature: of the draws; below 1 the likely is drawn more often than its odds say.
        wander: how far chance overrules sureness at first; it fades to nothing in the last step. At 0 all images
            begin alike, with what is the same in all of them.
    """
    total = shape.places * shape.numbers
    counts = revealed(total, steps)
    sources = [seeded(seed, "sample") for seed in seeds]
    codes = torch.full((len(seeds), total), HIDDEN, device=device)
    order = torch.arange(total, device=device) % shape.numbers
    for number, known in enumerate(counts, start=1):
        odds = guess(codes.reshape(-1, shape.places, shape.numbers)).flatten(1, 2).double() / temperature
        drawn = (odds + _gumbel(sources, (total, shape.levels)).to(device)).argmax(dim=2)
        sure = odds.log_softmax(dim=2).gather(2, drawn[..., None])[..., 0]
        sure = sure + wander * (1.0 - number / len(counts)) * _gumbel(sources, (total,)).to(device)
        score = (sure - FAR * order).masked_fill(codes != HIDDEN, torch.inf)
        kept = score.argsort(dim=1, descending=True, stable=True)[:, :known]
        here = torch.zeros_like(codes, dtype=torch.bool).scatter_(1, kept, True)
        codes = torch.where(here & (codes == HIDDEN), drawn, codes)
        on_step(number, len(counts))
    return codes.reshape(-1, shape.places, shape.numbers)


def _gumbel(sources: Sequence[torch.Generator], shape: tuple[int, ...]) -> Tensor:
    """``(len(sources), *shape)`` standard Gumbel noise on the CPU, each entry from its own generator."""
    uniform = torch.stack([torch.rand(shape, generator=source, dtype=torch.float64) for source in sources])
    return -torch.log(-torch.log(uniform.clamp(TINY, 1.0 - TINY)))
