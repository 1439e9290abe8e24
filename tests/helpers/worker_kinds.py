"""Jobs that behave badly on purpose, for the tests of the runner. Run as a script it is a worker that knows them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.domain.errors import Refused
from app.jobs.messages import CheckpointNow
from app.jobs.spec import JobSpec
from app.worker.channel import Channel

COMMAND = [sys.executable, __file__]
KINDS = (
    "count",
    "chatter",
    "segfault",
    "garbage",
    "refuse",
    "raise",
    "deaf",
    "silent",
    "nan",
    "orphan_pipe",
    "leave",
)


def count(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Count steps until it is enough; save a "checkpoint" when stopped or asked."""
    total, done = int(spec.params["steps"]), 0
    channel.phase("counting")
    while done < total:
        if channel.stop_asked:
            Path(spec.folder, "saved.txt").write_text(str(done))
            channel.checkpoint(done, "saved.txt")
            channel.check()
        if isinstance(channel.poll(), CheckpointNow):
            channel.checkpoint(done, "asked.txt")
        done += 1
        channel.metric(done, {"loss": 1.0 / done})
        channel.progress(done, total)
        time.sleep(float(spec.params.get("pause", 0.01)))
    return {"steps": done}


def chatter(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Print from Python, from C and from a child process, into what used to be the pipe."""
    print("noise from python")
    os.write(1, b"noise on the descriptor\n")
    ctypes.CDLL(None).puts(b"noise from C")
    subprocess.run([sys.executable, "-c", "print('noise from a child')"], check=True)
    return {"quiet": True}


def segfault(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    channel.metric(7, {"loss": 0.5})
    ctypes.string_at(0)
    return {}


def garbage(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    os.write(channel._replies, b"this is no frame at all")  # type: ignore[attr-defined]
    time.sleep(60)
    return {}


def refuse(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    raise Refused("nothing-to-import", path="/somewhere")


def raise_(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    raise ZeroDivisionError("a mistake")


def deaf(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    channel.phase("deaf")
    time.sleep(120)
    return {}


def silent(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    channel.close()  # type: ignore[attr-defined]
    channel.phase("silent")
    time.sleep(120)
    return {}


def nan(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    return {"value": float("nan")}


def orphan_pipe(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Die while a process that it forked still holds the pipe open."""
    pid = os.fork()
    if pid == 0:
        time.sleep(120)
    Path(spec.folder, "orphan.pid").write_text(str(pid))
    os._exit(9)


def leave(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    os._exit(5)


if __name__ == "__main__":
    from app.worker.main import main

    names = {name: f"tests.helpers.worker_kinds:{name}{'_' if name == 'raise' else ''}" for name in KINDS}
    raise SystemExit(main(sys.argv[1:], names))
