"""Checkpoints: one safetensors file and one JSON beside it, whole or not there.

``step-000120.safetensors`` holds every tensor (weights, averages, optimiser, random states, deck); the JSON holds
what it means and the SHA-256 of the tensors, and is renamed into place last: where it stands, the checkpoint is
whole. The path of the JSON stands for the checkpoint everywhere. Nothing is ever unpickled.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

SCHEMA = 2
KEPT = 2
"""Latest checkpoints that stay; the best one stays besides."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a checkpoint says without its tensors.

    Attributes:
        plan: the run's ``TrainingPlan`` as JSON.
        step: optimiser steps done.
        images_seen: training images seen.
        seconds: training seconds used.
        precision: number format of the run's steps.
        average: length of the weight average that samples are drawn with.
        held_out_loss: its loss on held-out images, None where there are none.
        versions: of Python, torch, MONAI.
        position: how far the deck was dealt.
        stage, stage_began: number of the family's stage, and the step after which it began.
        sha256: of the safetensors file.
    """

    plan: Mapping[str, Any]
    step: int
    images_seen: int
    seconds: float
    precision: str
    average: float
    held_out_loss: float | None
    versions: Mapping[str, str] = field(default_factory=dict)
    position: int = 0
    stage: int = 0
    stage_began: int = 0
    sha256: str = ""
    schema: int = SCHEMA


def write(folder: Path, checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> Path:
    """Write a checkpoint into ``folder``, let older ones go, and return its path (the JSON).

    Raises:
        OSError: the folder cannot be written; what stood there before still stands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"step-{checkpoint.step:06d}.json"
    payload = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    document = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    document["sha256"] = hashlib.sha256(payload).hexdigest()
    _whole(path.with_suffix(".safetensors"), payload)
    _whole(path, json.dumps(document, indent=1).encode())
    _prune(folder)
    return path


def read(path: Path) -> Checkpoint:
    """The checkpoint at ``path`` (its JSON), checked against its tensors.

    Raises:
        ValueError: it is not a checkpoint of this program, or its tensors are missing or were changed.
    """
    checkpoint = _described(path)
    try:
        with path.with_suffix(".safetensors").open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as missing:
        raise ValueError(f"checkpoint {path.name}: its weights file is missing") from missing
    if digest != checkpoint.sha256:
        raise ValueError(f"checkpoint {path.name}: its weights file is damaged or was replaced")
    return checkpoint


def tensors(path: Path, prefix: str) -> dict[str, Tensor]:
    """The tensors of the checkpoint at ``path`` whose names begin with ``prefix``, without it.

    Raises:
        ValueError: the tensors cannot be read.
    """
    try:
        with safe_open(path.with_suffix(".safetensors"), framework="pt", device="cpu") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - not a dict
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as wrong:
        raise ValueError(f"checkpoint {path.name}: its weights file cannot be read ({wrong})") from wrong


def latest(folder: Path) -> Path | None:
    """The last whole checkpoint of a run, None where there is none."""
    found = _all(folder)
    return found[-1] if found else None


def best(folder: Path) -> Path | None:
    """The checkpoint to draw samples from: lowest held-out loss of the last stage, or the last where none is known."""
    described = {path: _described(path) for path in _all(folder)}
    last = max((one.stage for one in described.values()), default=0)
    losses = {path: one.held_out_loss for path, one in described.items() if one.stage == last}
    scored = [(loss, path) for path, loss in losses.items() if loss is not None]
    return min(scored)[1] if scored else latest(folder)


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*.json") if path.with_suffix(".safetensors").exists())


def _described(path: Path) -> Checkpoint:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("schema") != SCHEMA:
            raise ValueError(f"checkpoint {path.name}: schema {document.get('schema')!r}, this program reads {SCHEMA}")
        return Checkpoint(**document)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, TypeError, AttributeError) as wrong:
        raise ValueError(f"checkpoint {path.name}: not a checkpoint of this program ({wrong})") from wrong


def _whole(path: Path, payload: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with temporary.open("wb") as file:
            file.write(payload)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _prune(folder: Path) -> None:
    keep = {*_all(folder)[-KEPT:], best(folder)}
    for path in _all(folder):
        if path not in keep:
            path.unlink()
            path.with_suffix(".safetensors").unlink()
