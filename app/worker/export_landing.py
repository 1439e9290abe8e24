"""A folder that appears whole or not at all: filled beside its destination, renamed at the end.

A ledger beside the files says which of them are finished, so that an export that was killed goes on where it was
when it is asked for again. It must not know what is written into the folder.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from app.domain.errors import Failed, Refused
from app.store.audits import file_sha256
from app.worker.in_order import in_order

LEDGER = "ledger.jsonl"
LOCK = "lock"
FILES = "files"
KIND = "understudy-export-staging"
FLUSHES = 8
"""Files that wait for the disk at once: it then writes them together, many times as fast as one after the other."""
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True, slots=True)
class Claim:
    """Whose work a staging folder holds.

    Attributes:
        owner: keyed identity of the project; a staging folder of another one is never touched.
        key: keyed identity of what is exported; the same one always makes the same bytes.
    """

    owner: str
    key: str


@dataclass(slots=True)
class Staging:
    """A folder that is being filled.

    Attributes:
        root: where files go.
        hashes: path relative to ``root`` to SHA-256, of the files that are finished.
    """

    root: Path
    hashes: dict[str, str] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether a file is finished since an earlier attempt, or since ``note``."""
        return name in self.hashes

    def note(self, name: str, sha256: str = "") -> str:
        """A file is finished: keep its hash in the ledger, and give it.

        Args:
            name: relative to ``root``.
            sha256: its hash, where it was taken after the last change; "" to take it now.

        Raises:
            OSError: the file cannot be read, or the ledger not written.
        """
        if name not in self.hashes:
            self.hashes[name] = sha256 or file_sha256(self.root / name)
            _append(self.root.parent / LEDGER, {"path": name, "sha256": self.hashes[name]})
        return self.hashes[name]


@contextmanager
def landing(out: Path, claim: Claim) -> Iterator[Staging]:
    """A hidden sibling of ``out`` to fill; it becomes ``out`` at the end, or disappears where the work fails.

    Where a process was killed, the sibling stays behind; the next landing of the same claim goes on with its
    finished files, and that of another claim of the same owner removes it. Folders above ``out`` are made where
    missing, and unmade again on failure.

    Raises:
        Refused: ``folder-not-empty``: ``out`` holds something, now or by the time of the rename;
            ``export-running``: the same export is being written.
        Failed: ``unwritable``, ``disk-full``.
    """
    made = _missing_parents(out)
    try:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise Refused("folder-not-empty", path=str(out))
        with _claimed(out, claim, made) as folder:
            staging = _resumed(folder)
            yield staging
            settle(staging.root)
            _rename(staging.root, out)
    except OSError as error:
        _unmake(made)
        code = "disk-full" if error.errno in FULL else "unwritable"
        raise Failed(code, path=str(out), detail=error.strerror or str(error)) from error
    except BaseException:
        _unmake(made)
        raise


def stale(out: Path, owner: str) -> list[Path]:
    """Staging folders beside ``out`` that ``owner`` left behind, whatever they were for."""
    if not out.parent.is_dir():
        return []
    beside = sorted(out.parent.glob(".*.partial"))
    return [one for one in beside if one.name.startswith(f".{out.name}.") and _header(one).get("owner") == owner]


def settle(root: Path) -> None:
    """Wait until every file and folder below ``root`` is on the disk, not in memory only.

    Raises:
        OSError: the disk says that it is not.
    """
    above = [(Path(folder), names) for folder, _, names in os.walk(root, topdown=False)]
    way = os.O_RDWR if os.name == "nt" else os.O_RDONLY
    files = (folder / name for folder, names in above for name in names)
    for _ in in_order(lambda path: _sync(path, way), files, threads=FLUSHES):
        pass
    if os.name != "nt":  # Windows has no handle of a folder to flush
        for folder, _ in above:
            _sync(folder, os.O_RDONLY)


@contextmanager
def _claimed(out: Path, claim: Claim, made: list[Path]) -> Iterator[Path]:
    """The staging folder of a claim, ours alone until the end; it is gone afterwards, whatever happened."""
    folder = out.with_name(f".{out.name}.{claim.key}.partial")
    header = _header(folder)
    if folder.exists() and header.get("owner") != claim.owner and any(folder.rglob(f"{FILES}/*")):
        raise Refused("folder-not-empty", path=str(folder))
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise Refused("export-running", path=str(out)) from error
    try:
        if not header:
            (folder / LEDGER).unlink(missing_ok=True)
            places = [str(one) for one in made]
            _append(folder / LEDGER, {"kind": KIND, "owner": claim.owner, "key": claim.key, "made": places})
        made.extend(Path(one) for one in header.get("made", ()) if Path(one) in out.parents)
        for other in stale(out, claim.owner):
            if other != folder:
                _clear(other)
        yield folder
    finally:
        lock.release()
        shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path) -> None:
    """Remove a staging folder unless somebody is filling it."""
    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return
    lock.release()
    shutil.rmtree(folder, ignore_errors=True)


def _resumed(folder: Path) -> Staging:
    """What stands in the folder: finished files with their hashes; all else is removed."""
    root = folder / FILES
    for other in [path for path in folder.iterdir() if path.is_dir() and path != root]:
        shutil.rmtree(other)
    root.mkdir(exist_ok=True)
    noted = {line["path"]: line["sha256"] for line in _lines(folder / LEDGER) if "path" in line}
    staging = Staging(root)
    for path in [path for path in root.rglob("*") if path.is_file()]:
        name = path.relative_to(root).as_posix()
        if name in noted and file_sha256(path) == noted[name]:
            staging.hashes[name] = noted[name]
        else:
            path.unlink()
    return staging


def _header(folder: Path) -> dict[str, Any]:
    first = next(iter(_lines(folder / LEDGER)), {})
    return first if first.get("kind") == KIND else {}


def _lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines of a ledger; a last one that was cut short by a kill is none."""
    lines: list[dict[str, Any]] = []
    try:
        content = path.read_bytes().splitlines()
    except OSError:
        return []
    for line in content:
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            lines += [record] if isinstance(record, dict) else []
    return lines


def _append(path: Path, record: dict[str, Any]) -> None:
    with path.open("ab") as file:
        file.write(b"\n" * (file.tell() > 0) + json.dumps(record, ensure_ascii=False).encode())


def _missing_parents(out: Path) -> list[Path]:
    """Folders above ``out`` that do not exist yet, deepest first."""
    missing: list[Path] = []
    for folder in out.parents:
        if folder.exists():
            break
        missing.append(folder)
    return missing


def _rename(root: Path, out: Path) -> None:
    """Give the folder its name; an empty folder of that name gives way, a filled one does not."""
    try:
        if os.name == "nt" and out.exists():
            out.rmdir()
        root.rename(out)
    except OSError as error:
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise Refused("folder-not-empty", path=str(out)) from error
        raise
    if os.name != "nt":
        _sync(out.parent, os.O_RDONLY)


def _unmake(made: list[Path]) -> None:
    """Remove the folders that were made for nothing, deepest first."""
    for folder in sorted(set(made), key=lambda one: len(one.parts), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot sync a folder
            raise
    finally:
        os.close(descriptor)
