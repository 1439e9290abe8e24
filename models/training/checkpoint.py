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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import NoneType
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

SCHEMA = 2
TENSORS = ".safetensors"
KEPT = 2
"""Latest checkpoints that stay; the best one stays besides."""
COPYING = 0.25
"""Share of suspected copies among a preview from which on a checkpoint is not drawn from while there is another."""


class CheckpointError(ValueError):
    """A checkpoint is damaged, of another program, or of another run."""


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
        held_out_loss: its loss on held-out images, None where there are none or nobody looked at this step.
        versions: of Python, torch, MONAI.
        position: how far the deck was dealt.
        stage, stage_began: number of the family's stage, and the step after which it began.
        at_once: images that go through the network together; None for a whole batch.
        setbacks: steps at which the run went out of bounds.
        turns: stages that ended at their turn (``schedule.Budget``).
        watch: what was seen of the held-out loss and of copies (``turn.Watch``).
        copy_rate: share of suspected copies among the last preview, None where nothing could be compared.
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
    at_once: int | None = None
    setbacks: Sequence[int] = ()
    turns: Sequence[Sequence[float]] = ()
    watch: Mapping[str, Any] = field(default_factory=dict)
    copy_rate: float | None = None
    sha256: str = ""
    schema: int = SCHEMA


def write(folder: Path, checkpoint: Checkpoint, tensors: Mapping[str, Tensor]) -> Path:
    """Write a checkpoint into ``folder``, let older ones go, and return its path (the JSON).

    Raises:
        OSError: the folder cannot be written; what stood there before still stands.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    path = folder / f"step-{checkpoint.step:06d}.json"
    payload = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()})
    document = {name: getattr(checkpoint, name) for name in Checkpoint.__dataclass_fields__}
    document["sha256"] = hashlib.sha256(payload).hexdigest()
    if (known := _readable(path)) is not None and known.sha256 != document["sha256"]:
        path.unlink()  # never a description beside tensors that it does not describe
    try:
        _whole(path.with_suffix(TENSORS), payload)
        _whole(path, json.dumps(document, indent=1).encode())
    except OSError:
        _sweep(folder)
        raise
    _prune(folder)
    return path


def read(path: Path) -> Checkpoint:
    """The checkpoint at ``path`` (its JSON), checked against its tensors.

    Raises:
        CheckpointError: it is not a checkpoint of this program, or its tensors are missing or were changed.
    """
    checkpoint = _described(path)
    try:
        with path.with_suffix(TENSORS).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as missing:
        raise CheckpointError(f"checkpoint {path.name}: its weights file is missing") from missing
    if digest != checkpoint.sha256:
        raise CheckpointError(f"checkpoint {path.name}: its weights file is damaged or was replaced")
    return checkpoint


def tensors(path: Path, prefix: str) -> dict[str, Tensor]:
    """The tensors of the checkpoint at ``path`` whose names begin with ``prefix``, without it.

    Raises:
        CheckpointError: the tensors cannot be read.
    """
    try:
        with safe_open(path.with_suffix(TENSORS), framework="pt", device="cpu") as file:
            names = [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118 - not a dict
            return {name.removeprefix(prefix): file.get_tensor(name) for name in names}
    except (SafetensorError, OSError) as wrong:
        raise CheckpointError(f"checkpoint {path.name}: its weights file cannot be read ({wrong})") from wrong


def latest(folder: Path) -> Path | None:
    """The last whole checkpoint of a run, None where there is none."""
    found = _all(folder)
    return found[-1] if found else None


def best(folder: Path) -> Path | None:
    """The checkpoint to draw samples from: lowest held-out loss of the last stage, or the last where none is known.

    Those whose previews showed copies of training images come last.
    """
    described = {path: one for path in _all(folder) if (one := _readable(path)) is not None}
    last = max((one.stage for one in described.values()), default=0)
    fit = {path: one for path, one in described.items() if one.stage == last}
    fit = {path: one for path, one in fit.items() if (one.copy_rate or 0.0) < COPYING} or fit
    scored = [(one.held_out_loss, path) for path, one in fit.items() if one.held_out_loss is not None]
    return min(scored)[1] if scored else max(fit, default=latest(folder))


def set_aside(folder: Path, after: Path | None) -> None:
    """Rename the checkpoints in ``folder`` that a run which goes on from ``after`` does not know.

    They are damaged, or of a road not taken; ``None`` stands for the beginning.
    """
    for path in _all(folder):
        if after is None or path.name > after.name:
            for part in (path, path.with_suffix(TENSORS)):
                part.replace(part.with_name(f"{part.name}.aside"))


def _all(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("step-*.json") if path.with_suffix(TENSORS).exists())


def _described(path: Path) -> Checkpoint:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document.get("schema") != SCHEMA:
            raise CheckpointError(
                f"checkpoint {path.name}: schema {document.get('schema')!r}, this program reads {SCHEMA}"
            )
        checkpoint = Checkpoint(**document)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, TypeError, AttributeError) as wrong:
        raise CheckpointError(f"checkpoint {path.name}: not a checkpoint of this program ({wrong})") from wrong
    odd = [name for name, kind in _KINDS.items() if not isinstance(getattr(checkpoint, name), kind)]
    if odd:
        raise CheckpointError(f"checkpoint {path.name}: not a checkpoint of this program ({', '.join(odd)})")
    return checkpoint


_NUMBER = (int, float)
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "plan": dict,
    "step": int,
    "images_seen": int,
    "seconds": _NUMBER,
    "precision": str,
    "average": float,
    "held_out_loss": (*_NUMBER, NoneType),
    "position": int,
    "stage": int,
    "stage_began": int,
    "at_once": (int, NoneType),
    "setbacks": (list, tuple),
    "turns": (list, tuple),
    "watch": dict,
    "copy_rate": (*_NUMBER, NoneType),
    "sha256": str,
}
"""What JSON gives for each field; somebody else's file may say anything."""


def _readable(path: Path) -> Checkpoint | None:
    try:
        return _described(path)
    except CheckpointError:
        return None


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
            path.with_suffix(TENSORS).unlink()


def _sweep(folder: Path) -> None:
    """Remove what a killed or failed writing left: half files, and tensors that nothing describes."""
    for path in folder.glob(".step-*"):
        path.unlink(missing_ok=True)
    for path in folder.glob(f"step-*{TENSORS}"):
        if not path.with_suffix(".json").exists():
            path.unlink(missing_ok=True)
