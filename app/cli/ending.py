"""How a verb ended: the last line of ``--json`` and the exit status, from a result, a job's outcome or an error."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.domain.errors import UnderstudyError

if TYPE_CHECKING:
    from app.jobs.outcome import Outcome

EXIT_STATUS = {"done": 0, "refused": 3, "failed": 4, "stopped": 130}


@dataclass(frozen=True)
class Ending:
    """The last word of a verb.

    Attributes:
        outcome: "done", "stopped", "refused" or "failed".
        fields: the result's fields; with ``code`` and ``message`` where it was not done.
        text: what a person reads last, one or more lines.
        status: exit status of the process.
    """

    outcome: str
    fields: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    status: int = 0

    @classmethod
    def done(cls, text: str, **fields: Any) -> Ending:
        """Everything was done."""
        return cls("done", fields, text)

    @classmethod
    def of_error(cls, error: UnderstudyError, **fields: Any) -> Ending:
        """The end that a problem makes."""
        told = {**fields, "code": error.code, "message": str(error)}
        return cls(error.outcome, told, str(error), error.exit_status)

    @classmethod
    def of_outcome(cls, outcome: Outcome, text: str) -> Ending:
        """The end of a verb whose work was one job; ``text`` is read where the job was done."""
        if outcome.state == "done":
            return cls.done(text, **outcome.result)
        error = outcome.error()
        name = outcome.state if outcome.state in EXIT_STATUS else "failed"
        fields = {**outcome.result, "code": error.code if error else outcome.code, "message": outcome.sentence()}
        if outcome.checkpoint:
            fields.setdefault("checkpoint", outcome.checkpoint)
        return cls(name, fields, outcome.sentence(), EXIT_STATUS[name])
