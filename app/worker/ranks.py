"""The other processes of a training on several devices: started, watched and sent home by the one that leads.

Each is a worker of its own with a job of its own, so that it is ended with its program like any other. Nobody but the
leader hears them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import torch

from app.domain.errors import Failed, Refused
from app.jobs.process import Job, Runner
from app.jobs.spec import JobSpec
from app.store.folders import new_id
from app.store.project import Project
from app.worker.channel import Channel
from models.training.distributed import Leader, follow
from models.training.team import RankLostError, Team

KIND = "train-rank"
GRACE_S = 5.0
"""How long a rank may take to end once it was sent home."""


def checked(devices: int, device: str, batch: int) -> None:
    """Raise Refused unless ``devices`` processes can share batches of ``batch`` images on devices like ``device``."""
    if device.startswith("cuda"):
        there = torch.cuda.device_count()
    else:
        there = batch if device == "cpu" and torch.distributed.is_available() else 1
    if devices > min(there, batch):
        raise Refused("too-many-devices", asked=devices, device=device.partition(":")[0], there=min(there, batch))


@contextmanager
def leading(project: Project, devices: int, device: str, channel: Channel) -> Iterator[Leader | None]:
    """The leader of ``devices`` ranks, this process among them; None for one.

    Raises:
        Failed: ``rank-lost``: another rank ended. What the run saved stands.
        Stopped: it was asked for while the ranks came together.
    """
    if devices == 1:
        yield None
        return
    folder = project.jobs / new_id("ranks")
    folder.mkdir(parents=True)
    ranks = [_Rank(project, folder, rank, devices, _own(device, rank)) for rank in range(1, devices)]
    threads = torch.get_num_threads()
    try:
        _share_processor(device, devices)
        leader = Leader(Team(0, devices, torch.device(_own(device, 0)), folder / "meeting", lambda: _living(ranks)))
        with closing(leader):
            yield leader
    except RankLostError as error:
        channel.check()
        raise Failed("rank-lost", detail=str(error)) from error
    finally:
        torch.set_num_threads(threads)
        _send_home(ranks)


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """The whole work of a rank that follows.

    Raises:
        Stopped: the leader is gone.
        Failed: ``rank-lost``: it ended without a word, or another rank did.
    """
    params = spec.params
    device, size = torch.device(params["device"]), int(params["size"])
    _share_processor(params["device"], size)
    try:
        follow(Team(int(params["rank"]), size, device, Path(params["meeting"]), channel.check))
    except RankLostError as error:
        channel.check()
        raise Failed("rank-lost", detail=str(error)) from error
    return {}


class _Rank:
    """One that follows, as its leader sees it."""

    def __init__(self, project: Project, folder: Path, rank: int, size: int, device: str) -> None:
        params = {"rank": rank, "size": size, "device": device, "meeting": str(folder / "meeting")}
        self.number = rank
        self.runner = Runner()
        self.job: Job = self.runner.start(JobSpec(KIND, str(project.root), str(folder / str(rank)), params))


def _living(ranks: list[_Rank]) -> None:
    for rank in ranks:
        outcome = rank.job.outcome
        if outcome is not None:
            raise RankLostError(f"process {rank.number}: {outcome.sentence() or outcome.state}")


def _send_home(ranks: list[_Rank]) -> None:
    """End every rank; those that were told to leave have nothing more to say."""
    for rank in ranks:
        rank.job.wait(GRACE_S)
    enders = [threading.Thread(target=rank.runner.close, args=(GRACE_S,)) for rank in ranks]
    for thread in enders:
        thread.start()
    for thread in enders:
        thread.join()


def _own(device: str, rank: int) -> str:
    """The device of a rank: a graphics card of its own, or the processor for all."""
    return f"cuda:{rank}" if device.startswith("cuda") else device


def _share_processor(device: str, size: int) -> None:
    if device == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // size))
