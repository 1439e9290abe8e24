"""What the command line writes: one JSON object a line for scripts, or plain lines for people.

Results go to standard output, progress and notices for people to standard error, so that output can be piped. A
live line that rewrites itself is used only on a terminal.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import TextIO

from app.cli.ending import Ending
from app.cli.wording import clock, notice_text
from app.jobs.messages import (
    CheckpointSaved,
    Failed,
    Finished,
    Heartbeat,
    Hello,
    Message,
    Metric,
    Notice,
    Phase,
    PreviewReady,
    Progress,
)

_NOT_SHOWN = (Finished, Failed, Heartbeat)
"""A job's own last word is replaced by the verb's (``Output.finish``), so that exactly one line says finished."""


class Output:
    """Where a verb writes. Safe to call from the runner's thread."""

    def __init__(self, *, as_json: bool, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self.reader_gone = False
        self._out = out or sys.stdout
        self._people = PeopleLines(err or sys.stderr)
        self._lock = threading.Lock()

    def message(self, message: Message) -> None:
        """Show one message of a job."""
        if isinstance(message, _NOT_SHOWN):
            return
        if self.as_json:
            self._line(json.dumps(message.to_json()))
            return
        with self._lock:
            self._people.message(message)

    def say(self, text: str) -> None:
        """A remark for people; scripts do not see it."""
        if not self.as_json:
            with self._lock:
                self._people.line(text)

    def finish(self, ending: Ending) -> None:
        """The verb's last word."""
        if self.as_json:
            self._line(json.dumps({"event": "finished", "outcome": ending.outcome, **ending.fields}))
            return
        with self._lock:
            self._people.close()
            if ending.status != 0:
                self._people.line(ending.text)
        if ending.status == 0 and ending.text:
            self._line(ending.text)

    def _line(self, text: str) -> None:
        with self._lock:
            if self.reader_gone:
                return
            try:
                self._out.write(text + "\n")
                self._out.flush()
            except BrokenPipeError:
                self.reader_gone = True


class PeopleLines:
    """Progress for people: a live line on a terminal, elsewhere one line whenever a phase is a tenth further."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._open = False
        self._phase = ""
        self._tenth = -1
        self._loss = ""

    def message(self, message: Message) -> None:
        """One message as a line, a change of the live line, or nothing."""
        match message:
            case Phase(name=name):
                self._phase, self._tenth, self._loss = name, -1, ""
                self.line(name)
            case Progress():
                self._progress(message)
            case Metric(values=values) if "loss" in values:
                self._loss = f", loss {values['loss']:.4g}"
            case Notice():
                self.line(notice_text(message))
            case CheckpointSaved() | PreviewReady() | Hello() | Metric():
                pass

    def line(self, text: str) -> None:
        """A line of its own, below the live line."""
        self.close()
        self._stream.write(text + "\n")
        self._stream.flush()

    def close(self) -> None:
        """End the live line."""
        if self._open:
            self._stream.write("\n")
            self._open = False

    def _progress(self, progress: Progress) -> None:
        text = self._progress_text(progress)
        if self._live:
            self._stream.write(f"\r\x1b[K{text}")
            self._stream.flush()
            self._open = True
            return
        tenth = 10 * progress.done // progress.total if progress.total else 0
        if tenth != self._tenth:
            self._tenth = tenth
            self.line(text)

    def _progress_text(self, progress: Progress) -> str:
        amount = f"{progress.done} of {progress.total}" if progress.total else f"{progress.done}"
        left = "" if progress.remaining_s is None else f", {clock(progress.remaining_s)} left"
        detail = f" ({progress.text})" if progress.text else ""
        return f"  {amount}{detail}{self._loss}{left}"
