"""How a job ended, in one record: what window and command line show, and what a script compares."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any, Literal

from app.domain import wording
from app.domain.errors import Fact, Failed, Refused, Stopped, UnderstudyError

State = Literal["done", "stopped", "refused", "failed", "crashed", "lost"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of a job.

    Attributes:
        state: "crashed": the worker ended without a last word; "lost": it stopped answering and was ended.
        result: what a finished or stopped job returns.
        code, facts: why, where it is not done.
        last_step: last training step that was reported.
        checkpoint: last checkpoint that was reported (relative to the project).
    """

    state: State
    result: dict[str, Any] = field(default_factory=dict)
    code: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)
    last_step: int | None = None
    checkpoint: str | None = None

    def sentence(self) -> str:
        """What the person reads; "" where the job is done."""
        return wording.sentence(self.code, self.facts) if self.code else ""

    def error(self) -> UnderstudyError | None:
        """The outcome as an error to raise; ``None`` where the job is done."""
        if self.state == "done":
            return None
        kind = {"stopped": Stopped, "refused": Refused}.get(self.state, Failed)
        return kind(self.code, **self.facts)

    @property
    def exit_status(self) -> int:
        """Exit status of a command that ran this job."""
        error = self.error()
        return 0 if error is None else error.exit_status


def crash_reason(returncode: int | None) -> str:
    """A process's end in words: "SIGKILL", "exit status 1"."""
    if returncode is None:
        return "no exit status"
    if returncode >= 0:
        return f"exit status {returncode}"
    try:
        return signal.Signals(-returncode).name
    except ValueError:
        return f"signal {-returncode}"
