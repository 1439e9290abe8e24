"""Something to put into files that must never run: it leaves a trace where it did."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class Payload:
    """Pickled, it asks the reader to make the file ``trace``."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.trace,))
