"""When the memory of the device runs out: work goes on with half as many images at once.

Every backend says in words of its own that memory ran out. It knows errors and devices, not what is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

T = TypeVar("T")

SAYINGS = ("not enough memory", "out of memory", "can't allocate memory", "bad_alloc", "ALLOC_FAILED")
"""Parts of the messages of torch on Windows and Linux, of MPS, C++ and cuBLAS; CUDA has a class of its own."""


class TooLargeError(RuntimeError):
    """Not even one image at a time fits into the memory of the device."""

    def __init__(self) -> None:
        super().__init__("not even one image at a time fits into the memory of the device")


def ran_out(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(saying in str(error) for saying in SAYINGS)


class Portions:
    """How many images go through the network together, and work that is repeated with fewer where they do not fit.

    Attributes:
        at_once: images in a portion; halved whenever memory ran out.
    """

    def __init__(self, at_once: int, device: torch.device) -> None:
        self.at_once, self._device = at_once, device

    def of(self, count: int) -> Iterator[slice]:
        """The positions of ``count`` images, portion by portion."""
        return (slice(start, start + self.at_once) for start in range(0, count, self.at_once))

    def fitting(self, work: Callable[[], T], drop: Callable[[], None]) -> T:
        """What ``work`` gives, tried again with half the images at once whenever memory runs out.

        Args:
            work: what to do, from its beginning, with ``of``.
            drop: lets go of what a try that failed has left.

        Raises:
            TooLargeError: not even one image fits.
        """
        while True:
            try:
                return work()
            except (RuntimeError, MemoryError) as error:
                if not ran_out(error):
                    raise
                if self.at_once == 1:
                    raise TooLargeError from error
            # Here the error is gone, and with it the frames that held on to half a step.
            drop()
            _give_back(self._device)
            self.at_once = (self.at_once + 1) // 2


def _give_back(device: torch.device) -> None:
    """Hand back what torch keeps for later, so that smaller pieces find room."""
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()
