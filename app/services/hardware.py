"""What this machine can train on; asked of a short worker, because only workers import torch."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.jobs.process import Runner
from app.jobs.spec import JobSpec

PROBE_S = 60.0


@dataclass(frozen=True, slots=True)
class Device:
    """A device: what ``--device`` takes ("cpu", "cuda:0", "mps") and what a person calls it."""

    id: str
    name: str


@cache
def devices() -> tuple[Device, ...]:
    """The devices, best first and the processor last; asked once, which takes a few seconds.

    Raises:
        UnderstudyError: the worker could not tell.
    """
    runner = Runner()
    try:
        with tempfile.TemporaryDirectory(prefix="understudy-devices-") as folder:
            outcome = runner.start(JobSpec("devices", "", str(Path(folder) / "devices"))).wait(PROBE_S)
    finally:
        runner.close(0)
    if outcome is None:
        return (Device("cpu", "Processor"),)
    if error := outcome.error():
        raise error
    return tuple(Device(**device) for device in outcome.result["devices"])


class Hardware:
    """The same as a service of the project."""

    def devices(self) -> list[Device]:
        """The devices, best first and the processor last."""
        return list(devices())

    def default_device(self) -> str:
        """Id of the best one."""
        return devices()[0].id
