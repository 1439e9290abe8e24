"""Errors with a stable code and facts; their sentences stand in ``app.domain.wording``.

A code is what scripts, tests and the event log compare; the facts (a path, a number) are what the sentence
names. Four kinds, one per way that the program ends a request.
"""

from __future__ import annotations

from typing import ClassVar

Fact = str | int | float | bool | None


class UnderstudyError(Exception):
    """A failure that a person can be told about.

    Attributes:
        code: key of ``wording.SENTENCES``.
        facts: what the sentence names.
    """

    exit_status: ClassVar[int] = 4
    outcome: ClassVar[str] = "failed"

    def __init__(self, code: str, **facts: Fact) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        from app.domain import wording

        return wording.sentence(self.code, self.facts)


class BadUsage(UnderstudyError):
    """The request itself cannot be understood: a missing option, a number out of range."""

    exit_status = 2
    outcome = "refused"


class Refused(UnderstudyError):
    """The request is understood and not carried out, because the result would be wrong or unsafe."""

    exit_status = 3
    outcome = "refused"


class Failed(UnderstudyError):
    """The work was begun and could not be finished."""


class Stopped(UnderstudyError):
    """The person stopped the work."""

    exit_status = 130
    outcome = "stopped"
