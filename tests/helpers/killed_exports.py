"""Exports that are killed: a process that has everything imported forks one export after the other.

Each fork counts what it does to files and folders and kills itself at the moment that it was told; nothing that
Python could catch or tidy up happens then. Run as a script; it prints one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

EVENTS = frozenset(
    {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate", "os.scandir", "os.listdir"}
)


def forked(work: Callable[[], None]) -> int:
    """Do the work in a fork; the status it ended with, negative for a signal."""
    child = os.fork()
    if child == 0:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - the fork must never go on in the parent's code
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def exported(root: Path, request: Any, at: int | None, counted: Path | None = None) -> None:
    """One export, killed at its ``at``-th event; else the number of events goes to ``counted``."""
    from app.store.project import Project
    from app.worker.channel import RecordingChannel
    from app.worker.export import export
    from app.worker.export_inspect import NONE_FOUND, Inspector

    Inspector.text_of = lambda _self, _image, _known, _regions: (NONE_FOUND, None)  # type: ignore[method-assign]
    project = Project.open(root)
    done = 0

    def watch(event: str, _arguments: object) -> None:
        nonlocal done
        if event in EVENTS:
            done += 1
            if done == at:
                os.kill(os.getpid(), signal.SIGKILL)

    if at is not None or counted is not None:
        sys.addaudithook(watch)
    export(project, request, RecordingChannel())
    total = done
    if counted is not None:
        counted.write_text(str(total))


def tree(folder: Path) -> dict[str, str]:
    """Every file with its hash."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def main() -> None:
    """``killed_exports.py ROOT REQUEST-JSON TARGETS POINTS``: kill at so many points, go on, and compare."""
    from app.domain.export import ExportRequest

    root, asked, targets, points = Path(sys.argv[1]), json.loads(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
    request = ExportRequest.from_json(asked)
    counted = targets / "events"
    whole, twice = targets / "whole" / "out", targets / "twice" / "out"
    exported(root, replace(request, out=str(whole)), None)  # here, so that forks find everything imported
    assert forked(lambda: exported(root, replace(request, out=str(twice)), None, counted)) == 0
    expected, total = tree(whole), int(counted.read_text())
    assert tree(twice) == expected
    found: list[dict[str, Any]] = []
    for number in range(points):
        at = 1 + round(number * 0.98 * total / (points - 1))
        out = targets / f"{number}" / "out"
        again = replace(request, out=str(out))
        ended = forked(lambda again=again, at=at: exported(root, again, at))  # type: ignore[misc]
        there = tree(out) if out.exists() else None
        beside = [path.name for path in out.parent.iterdir()] if out.parent.exists() else []
        if there is None:
            assert forked(lambda again=again: exported(root, again, None)) == 0  # type: ignore[misc]
        found.append(
            {
                "at": at,
                "killed": ended == -signal.SIGKILL,
                "torn": there is not None and there != expected,
                "landed": there is not None,
                "others": [name for name in beside if name != "out" and not name.startswith(".out.")],
                "same": tree(out) == expected,
                "left": [path.name for path in out.parent.iterdir() if path.name != "out"],
            }
        )
    print(json.dumps({"total": total, "points": found}))


if __name__ == "__main__":
    main()
