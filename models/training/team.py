"""The processes that train one model together: how they find each other, and what one can say to all.

They meet through a file and talk over gloo or NCCL, on this machine only: no port is opened that another machine could
reach. It knows tensors and processes' numbers, not what is computed.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed

JOIN_S = 120.0
"""How long ranks wait for each other at the start; loading torch on a busy machine takes a while."""
PATIENCE = timedelta(days=7)
"""After that ranks would stop waiting; whether the others live is looked at all the time, so it is never reached."""
LOOPBACK = {"linux": "lo", "darwin": "lo0"}
"""The network device that leads back to this machine, by system."""
NAP_S = 0.0002


class RankLostError(RuntimeError):
    """Another rank ended, or does not answer."""


class Team:
    """The ranks of one training: what one of them can say to the others.

    Attributes:
        rank: number of this one; 0 leads.
        size: how many there are.
    """

    def __init__(self, rank: int, size: int, device: torch.device, meeting: Path, alive: Callable[[], None]) -> None:
        """Meet the others.

        Args:
            rank, size: of this process, and of all.
            device: that this rank computes on.
            meeting: a file that does not exist yet, the same for all ranks.
            alive: called while this rank waits; raises where waiting makes no sense any more.

        Raises:
            RankLostError: they did not all come.
        """
        self.rank, self.size, self.device, self._alive = rank, size, device, alive
        if sys.platform in LOOPBACK:
            os.environ.update(GLOO_SOCKET_IFNAME=LOOPBACK[sys.platform], NCCL_SOCKET_IFNAME=LOOPBACK[sys.platform])
        if device.type == "cuda":
            torch.cuda.set_device(device)
        try:
            store = distributed.FileStore(str(meeting), size)  # type: ignore[attr-defined]
            store.set_timeout(timedelta(seconds=JOIN_S))
            backend = "nccl" if device.type == "cuda" else "gloo"
            distributed.init_process_group(backend, store=store, rank=rank, world_size=size, timeout=PATIENCE)
        except RuntimeError as error:
            raise RankLostError(f"not all {size} processes came together") from error

    def close(self) -> None:
        """Leave the team."""
        distributed.destroy_process_group()

    def spread(self, tensor: Tensor) -> Tensor:
        """``tensor`` of rank 0, in its place on all ranks."""
        self._wait(lambda: distributed.broadcast(tensor, 0, async_op=True))
        return tensor

    def add_up(self, tensor: Tensor) -> Tensor:
        """The sum of ``tensor`` over all ranks, in its place on each."""
        self._wait(lambda: distributed.all_reduce(tensor, async_op=True))
        return tensor

    def tell(self, document: Mapping[str, Any]) -> None:
        """Say ``document`` (JSON values) to the others, who ``hear`` it."""
        content = torch.frombuffer(bytearray(json.dumps(document).encode()), dtype=torch.uint8).to(self.device)
        self.spread(torch.tensor([len(content)], device=self.device))
        self.spread(content)

    def hear(self) -> dict[str, Any]:
        """What rank 0 tells."""
        length = int(self.spread(torch.zeros(1, dtype=torch.int64, device=self.device)))
        content = self.spread(torch.empty(length, dtype=torch.uint8, device=self.device))
        found: dict[str, Any] = json.loads(bytes(content.cpu().tolist()))
        return found

    def _wait(self, begin: Callable[[], Any]) -> None:
        """Carry out one exchange; what breaks it, or the death of another rank, ends the waiting."""
        try:
            work = begin()
            while not work.is_completed():
                self._alive()
                time.sleep(NAP_S)
            work.wait()
        except RuntimeError as error:
            if isinstance(error, RankLostError):
                raise
            raise RankLostError(str(error).splitlines()[0]) from error
