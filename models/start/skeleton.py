"""A family's network without its weights: the names and shapes that a file has to fit, at no cost in memory.

What describes a network may come from a stranger, so it is built on torch's "meta" device, which holds no numbers, and
no further than the weights that came with it could fill. It knows nothing of files.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook

from models import registry
from models.api import FamilyConfig

LARGEST_SIDE = 4096
"""Pixels; no family draws larger pictures."""
ROOM, SPARE_TENSORS, SPARE_NUMBERS = 4, 1000, 10**7
"""A network may register parameters while it is built that it does not keep: so many times what it keeps, and some."""

UNFIT = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RuntimeError, MemoryError)
"""What a builder raises for a description that makes no sense (``RuntimeError`` is also torch's and recursion's)."""


def skeleton(config: FamilyConfig, *, tensors: int | None = None, numbers: int | None = None) -> nn.Module:
    """The network of ``config``, on the meta device.

    Args:
        config: what to build.
        tensors, numbers: how many tensors and numbers in them its weights have; a description of a far larger network
            is given up early. No limit where they are not given.

    Raises:
        ValueError: the description makes no sense, or is of a larger network.
    """
    try:
        if not 0 < config.size <= LARGEST_SIDE or not 0 < config.channels <= LARGEST_SIDE:
            raise ValueError(f"pictures of {config.size} pixels in {config.channels} channels")
        with torch.device("meta"), _bounded(tensors, numbers):
            return registry.build(config).network
    except UNFIT as wrong:
        raise ValueError(f"its description makes no network of this program: {plain_line(wrong)}") from wrong


@contextmanager
def _bounded(tensors: int | None, numbers: int | None) -> Iterator[None]:
    """Stop building where more parameters are registered than the weights at hand could fill."""
    if tensors is None or numbers is None:
        yield
        return
    left = [ROOM * tensors + SPARE_TENSORS, ROOM * numbers + SPARE_NUMBERS]

    def count(_module: nn.Module, _name: str, parameter: nn.Parameter | None) -> None:
        if parameter is None:
            return
        left[0] -= 1
        left[1] -= parameter.numel()
        if min(left) < 0:
            raise ValueError("it is far larger than the weights beside it")

    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()


def plain_line(error: BaseException) -> str:
    """The first line of what an error says, and not too much of it: it becomes part of a sentence."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
