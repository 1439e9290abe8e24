"""A folder that appears whole or not at all: filled beside its destination, renamed at the end.

It must not know what is written into it.
"""

from __future__ import annotations

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.errors import Failed, Refused


@contextmanager
def landing(out: Path) -> Iterator[Path]:
    """A hidden sibling of ``out`` to fill; it becomes ``out`` at the end, or disappears where the work fails.

    Folders above ``out`` are made where missing, and unmade again on failure.

    Raises:
        Refused: ``folder-not-empty``: ``out`` holds something, now or by the time of the rename.
        Failed: ``unwritable``, ``disk-full``.
    """
    made = _missing_parents(out)
    temporary = out.with_name(f".{out.name}.{secrets.token_hex(4)}.partial")
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise Refused("folder-not-empty", path=str(out))
        temporary.mkdir(parents=True)
        yield temporary
        _rename(temporary, out)
    except OSError as error:
        _remove(temporary, made)
        code = "disk-full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "unwritable"
        raise Failed(code, path=str(out), detail=error.strerror or str(error)) from error
    except BaseException:
        _remove(temporary, made)
        raise


def _missing_parents(out: Path) -> list[Path]:
    """Folders above ``out`` that do not exist yet, deepest first."""
    missing: list[Path] = []
    for folder in out.parents:
        if folder.exists():
            break
        missing.append(folder)
    return missing


def _rename(temporary: Path, out: Path) -> None:
    if out.exists():
        try:
            out.rmdir()
        except OSError as error:
            raise Refused("folder-not-empty", path=str(out)) from error
    temporary.rename(out)


def _remove(temporary: Path, made: list[Path]) -> None:
    shutil.rmtree(temporary, ignore_errors=True)
    for folder in made:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
