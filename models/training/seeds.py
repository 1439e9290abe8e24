"""Where random numbers come from: one integer seed for each purpose, each sample and each run.

Everything random is drawn on the CPU from generators made here, so that a picture does not depend on the batch
or the device that it was drawn on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

LARGEST = 2**63 - 1


def derived(seed: int, purpose: str, number: int = 0) -> int:
    """A seed of its own for ``purpose``: the same three always give the same, different ones unrelated ones."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{number}".encode()).digest()
    return int.from_bytes(digest[:8], "big") & LARGEST


def generator(seed: int, purpose: str, number: int = 0) -> torch.Generator:
    """A CPU generator seeded with ``derived``."""
    return torch.Generator().manual_seed(derived(seed, purpose, number))


def noise(seeds: Sequence[int], shape: Sequence[int]) -> Tensor:
    """``(len(seeds), *shape)`` standard normal noise, each entry from its own seed."""
    return torch.stack([torch.randn(tuple(shape), generator=generator(seed, "sample")) for seed in seeds])
