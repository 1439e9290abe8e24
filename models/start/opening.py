"""What a path holds that a training can begin from: a checkpoint, the best one of a run's folder, or a MONAI bundle."""

from __future__ import annotations

from pathlib import Path

from models.start import bundle, checkpoint_start
from models.start.taken import Start
from models.training import checkpoint

CHECKPOINT, ARCHIVE = (".json", ".safetensors"), ".zip"


def opened(path: Path) -> Start:
    """What lies at ``path``, read without running anything of it.

    Args:
        path: either file of a checkpoint; a folder of checkpoints or of a run; the folder or the ZIP of a bundle.

    Raises:
        ValueError: nothing that can be begun from, or not safely; one line that says why.
    """
    if path.suffix.lower() in CHECKPOINT and not path.is_dir():
        return checkpoint_start.opened(path.with_suffix(".json"))
    if path.suffix.lower() == ARCHIVE or path.is_dir():
        inside = next((found for folder in (path, path / "checkpoints") if (found := checkpoint.best(folder))), None)
        return bundle.opened(path) if inside is None else checkpoint_start.opened(inside)
    raise ValueError("it is neither a checkpoint of Understudy nor a MONAI bundle")
