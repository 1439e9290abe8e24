"""Where the program itself lies. Knows nothing of projects."""

from __future__ import annotations

import sys
from pathlib import Path


def program_root() -> Path:
    """The folder that holds the packages ``app`` and ``models`` (in a bundle: the unpacked bundle)."""
    return Path(__file__).resolve().parent.parent


def worker_command() -> list[str]:
    """The command that starts a worker, without its spec: this interpreter, or the console twin of a bundle."""
    if not getattr(sys, "frozen", False):
        return [sys.executable, "-m", "app", "worker"]
    program = Path(sys.executable)
    return [str(program.with_name("understudy-worker").with_suffix(program.suffix)), "worker"]
