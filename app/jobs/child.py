"""One worker process and its two pipes; knows operating systems, not jobs."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from app.jobs import frames
from app.jobs.messages import Message
from app.paths import program_root

LOG_NAME = "worker.log"
_QUIET = {"PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "NO_ALBUMENTATIONS_UPDATE": "1", "DO_NOT_TRACK": "1"}


class Child:
    """A started worker.

    The worker leads a process group of its own, so that it does not get the terminal's Ctrl-C and can be ended
    with everything that it started.
    """

    def __init__(self, command: Sequence[str], spec: Path) -> None:
        with (spec.parent / LOG_NAME).open("ab") as log:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [*command, str(spec)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=program_root(),
                env={**os.environ, **_QUIET},
                **_group(),
            )
        self._sending = threading.Lock()

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    def messages(self) -> Iterator[Message]:
        """What the worker says, up to the end of its pipe. Raises ``frames.FrameError`` on anything else."""
        assert self._process.stdout is not None
        descriptor = self._process.stdout.fileno()
        return frames.decode(lambda count: os.read(descriptor, count))

    def send(self, message: Message) -> None:
        """Tell the worker something; a worker that has ended does not hear it."""
        assert self._process.stdin is not None
        with self._sending, contextlib.suppress(OSError, ValueError):
            os.write(self._process.stdin.fileno(), frames.encode(message))

    def ended(self) -> bool:
        """Whether the process is gone, even where something that it started holds its pipe open."""
        return self._process.poll() is not None

    def terminate(self) -> None:
        """Ask the process to end at once."""
        self._process.terminate()

    def kill(self) -> None:
        """End the process and everything that it started."""
        if sys.platform == "win32":
            subprocess.run(["taskkill", "/T", "/F", "/PID", str(self.pid)], capture_output=True, check=False)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap(self, timeout_s: float) -> int | None:
        """Wait for the end, by force after ``timeout_s``, and close the pipes; return the exit status."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()
        returncode = self._process.wait()
        self._close_pipes()
        return returncode

    def _close_pipes(self) -> None:
        pipes = (self._process.stdin, self._process.stdout)
        with self._sending, contextlib.suppress(OSError):
            for pipe in filter(None, pipes):
                pipe.close()


def _group() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    return {"start_new_session": True}
