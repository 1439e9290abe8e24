"""Names the devices that torch can use here."""

from __future__ import annotations

import os
import platform
from typing import Any

import torch

from app.jobs.spec import JobSpec
from app.worker.channel import Channel


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """``{"devices": [{"id", "name"}]}``, best first and the processor last."""
    found = [
        {"id": f"cuda:{index}", "name": torch.cuda.get_device_name(index)} for index in range(torch.cuda.device_count())
    ]
    if torch.backends.mps.is_available():
        found.append({"id": "mps", "name": f"{platform.processor() or 'Apple'} graphics"})
    found.append({"id": "cpu", "name": f"Processor, {os.cpu_count() or 1} cores"})
    return {"devices": found}


def resolve(device: str) -> str:
    """The device of a request: "auto" is the best one here, "cuda" the first card."""
    if device == "auto":
        if torch.cuda.is_available():
            return "cuda:0"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    return "cuda:0" if device == "cuda" else device
