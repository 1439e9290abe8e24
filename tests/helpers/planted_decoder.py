"""A decoding process in which some files bring the codec down: what real codecs do, but every time.

``segfault.png`` crashes it, ``hang.png`` never ends, ``greedy.png`` takes memory without end, ``brittle.png`` is read
and leaves the process so that its next request crashes it.
"""

from __future__ import annotations

import faulthandler
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from app.imaging.content import FileContent
from app.worker import decoder

COMMAND: Sequence[str] = (sys.executable, "-m", "tests.helpers.planted_decoder")
_state = {"broken": False}


def _crash() -> None:
    faulthandler._sigsegv()


def _hang() -> None:
    while True:
        time.sleep(1)


def _devour() -> None:
    kept = []
    while True:
        kept.append(bytearray(200_000_000))


def _break() -> None:
    _state["broken"] = True


PLANTED: dict[str, Callable[[], None]] = {
    "segfault": _crash, "hang": _hang, "greedy": _devour, "brittle": _break,
}  # fmt: skip


def _plant(path: Path) -> None:
    if _state["broken"]:
        _crash()
    PLANTED.get(path.stem, lambda: None)()


def main() -> int:
    """As ``python -m app decoder``, with the planted faults."""
    check, cut = decoder._check, decoder._slice

    def planted_check(content: FileContent) -> Any:
        _plant(content.path)
        return check(content)

    def planted_slice(kind: str, path: Path, index: int) -> Any:
        _plant(path)
        return cut(kind, path, index)

    decoder._check, decoder._slice = planted_check, planted_slice
    return decoder.main()


if __name__ == "__main__":
    raise SystemExit(main())
