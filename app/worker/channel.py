"""A worker's side of the conversation: it says what it does and hears what it is asked.

Everything said is also kept in ``events.jsonl`` of the job's folder, so that the history survives the window;
not the heartbeat and the progress, which are worth nothing later.
"""

from __future__ import annotations

import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from app.domain.errors import Stopped
from app.jobs import frames
from app.jobs.messages import (
    CheckpointSaved,
    Heartbeat,
    Message,
    Metric,
    Notice,
    Phase,
    PreviewReady,
    Progress,
    Stop,
)
from app.store.folders import append_event

HEARTBEAT_S = 2.0
PROGRESS_S = 0.1
"""Shortest time between two reports of progress."""

_PASSING = (Heartbeat, Progress)


class Channel:
    """What every worker module talks to. Subclasses say where a message goes.

    Attributes:
        stop_asked: the person asked to stop, or the program that started this worker is gone.
    """

    def __init__(self) -> None:
        self.stop_asked = False
        self._requests: deque[Message] = deque()
        self._phase_began = self._last_progress = time.monotonic()
        self._last_progress = 0.0

    def emit(self, message: Message) -> None:
        """Say something."""
        raise NotImplementedError

    def phase(self, name: str) -> None:
        """A named part of the work begins; ``name`` is shown to the person."""
        self._phase_began = time.monotonic()
        self._last_progress = 0.0
        self.emit(Phase(name))

    def progress(self, done: int, total: int, text: str = "", remaining_s: float | None = None) -> None:
        """How far this phase is; as often as one likes, it is thinned out here.

        Args:
            done, total: units of work; ``total`` 0 where it is unknown.
            text: what is being worked on, without anything that identifies a person.
            remaining_s: time left, where the caller knows better than a straight line.
        """
        now = time.monotonic()
        if now - self._last_progress < PROGRESS_S and done != total:
            return
        self._last_progress = now
        elapsed = now - self._phase_began
        if remaining_s is None and total and done and elapsed > 1:
            remaining_s = elapsed * max(0, total - done) / done
        self.emit(Progress(done, total, remaining_s, text))

    def metric(self, step: int, values: dict[str, float]) -> None:
        """Measured values at a training step; what is not a finite number is left out."""
        self.emit(Metric(step, {name: value for name, value in values.items() if math.isfinite(value)}))

    def preview(self, step: int, path: str) -> None:
        """A picture lies at ``path`` (relative to the project)."""
        self.emit(PreviewReady(step, path))

    def checkpoint(self, step: int, path: str) -> None:
        """A checkpoint lies at ``path`` (relative to the project)."""
        self.emit(CheckpointSaved(step, path))

    def notice(self, code: str, **facts: Any) -> None:
        """Something that the person should know; the work goes on."""
        self.emit(Notice(code, facts))

    def ask(self, message: Message) -> None:
        """Put a request in, as if it had come from outside."""
        if isinstance(message, Stop):
            self.stop_asked = True
        self._requests.append(message)

    def poll(self) -> Message | None:
        """The next request that nobody has taken yet."""
        return self._requests.popleft() if self._requests else None

    def check(self) -> None:
        """A place where the work may be stopped.

        Raises:
            Stopped: it was asked for.
        """
        if self.stop_asked:
            raise Stopped("stopped")


class PipeChannel(Channel):
    """The conversation over two pipes.

    Args:
        commands: descriptor that requests come from; its end means that the other side is gone.
        replies: descriptor that messages go to.
        events: event log.
    """

    def __init__(self, commands: int, replies: int, events: Path) -> None:
        super().__init__()
        self._commands = commands
        self._replies = replies
        self._events = events
        self._saying = threading.Lock()
        self._closing = threading.Event()
        self._heard = True
        threading.Thread(target=self._listen, name="requests", daemon=True).start()
        self._pulse = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
        self._pulse.start()

    def emit(self, message: Message) -> None:
        """Send the message and keep it; where nobody reads any more, it is only kept.

        Sent first: where the disk is full, the program can still hear of it.
        """
        frame = frames.encode(message)
        with self._saying:
            if self._heard:
                self._heard = _write_all(self._replies, frame)
            if not isinstance(message, _PASSING):
                append_event(self._events, message.to_json())

    def close(self) -> None:
        """Say no more."""
        self._closing.set()
        self._pulse.join()

    def _listen(self) -> None:
        try:
            for message in frames.decode(lambda count: os.read(self._commands, count)):
                self.ask(message)
        finally:
            self.ask(Stop())

    def _beat(self) -> None:
        while not self._closing.wait(HEARTBEAT_S):
            self.emit(Heartbeat())


def _write_all(descriptor: int, content: bytes) -> bool:
    """Write everything; false where the other side is gone."""
    view = memoryview(content)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        return False
    return True


class RecordingChannel(Channel):
    """Keeps what is said in a list: for calling a worker module without a process.

    Attributes:
        messages: everything said, oldest first.
    """

    def __init__(self, on_message: Callable[[Message], None] | None = None) -> None:
        super().__init__()
        self.messages: list[Message] = []
        self._on_message = on_message

    def emit(self, message: Message) -> None:
        """Keep the message."""
        self.messages.append(message)
        if self._on_message is not None:
            self._on_message(message)
