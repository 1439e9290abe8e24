"""Importing in the test's own process, with one pool of real decoding processes for all tests of a session."""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from app.jobs.decoders import Decoders
from app.store.project import Project
from app.worker import intake
from app.worker.channel import Channel, RecordingChannel


@lru_cache(maxsize=1)
def decoders() -> Decoders:
    """The pool, started when first needed and ended with the interpreter."""
    pool = Decoders(2)
    atexit.register(pool.close)
    return pool


def import_paths(project: Project, paths: Sequence[Path], channel: Channel | None = None) -> dict[str, Any]:
    """As ``app.worker.intake.import_paths``."""
    return intake.import_paths(project, paths, channel or RecordingChannel(), decoders())
