"""Files of a project written so that a crash leaves the old one or the new one, never half of either.

Knows nothing of what the records mean.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.domain.errors import Failed


def new_id(prefix: str) -> str:
    """A folder name that sorts by time and names nobody: ``run-20261121-131500-ab12``."""
    return f"{prefix}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def now() -> str:
    """The present as ISO text in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_bytes(path: Path, content: bytes) -> None:
    """Write through a temporary sibling: ``path`` holds its old content or all of the new one.

    Raises:
        OSError: the folder cannot be written to; ``path`` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_json(path: Path, record: Any) -> None:
    """Write a record of JSON values as UTF-8, atomically (see ``write_bytes``)."""
    write_bytes(path, (json.dumps(record, ensure_ascii=False, indent=1) + "\n").encode())


def read_json(path: Path) -> Any:
    """The record at ``path``.

    Raises:
        FileNotFoundError: there is none.
        Failed: ``damaged-record``: it is not JSON.
    """
    try:
        return json.loads(path.read_bytes())
    except ValueError as error:
        raise Failed("damaged-record", path=str(path), detail=str(error)) from error


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """A temporary sibling to fill; it becomes ``folder`` at the end, or disappears where the work fails.

    Raises:
        FileExistsError: ``folder`` exists (checked before and, by the rename, after).
    """
    if folder.exists():
        raise FileExistsError(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.partial")
    temporary.mkdir()
    try:
        yield temporary
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def append_event(path: Path, record: dict[str, Any]) -> None:
    """Add one line to an event log, with the time (UTC) under ``t``; a line cut off by a crash is closed first."""
    line = json.dumps({"t": now(), **record}, ensure_ascii=False).encode() + b"\n"
    with path.open("a+b") as file:
        if file.seek(0, os.SEEK_END):
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else b"\n" + line
        file.write(line)


def read_events(path: Path) -> list[dict[str, Any]]:
    """The lines of an event log, oldest first; a last line cut off by a crash is left out."""
    if not path.exists():
        return []
    records: list[dict[str, Any]] = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records
