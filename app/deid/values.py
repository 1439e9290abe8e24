"""One value at a time: what becomes of the bytes of an element under one step of a plan.

It must not know sequences or whole data sets; ``cleaning`` walks over these.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.deid.dates import Shift, age_band
from app.deid.elements import REGISTERED, SIZES, text_of
from app.deid.plan import Do, Step
from app.deid.texts import Known
from app.domain.deid import Option, Protection

_NUMBER = re.compile(rb"[\d\s+\-.eE\\]*\0?")
_UID = re.compile(r"[0-9.]{1,64}")
_LETTERS = re.compile(rb"[A-Za-z0-9][\x20-\x7e]{2,}")
DUMMY_TEXT = "REMOVED"
DUMMIES = {
    **{"AS": "000Y", "DS": "0", "IS": "0", "DA": "19000101", "TM": "000000", "DT": "19000101000000"},
    **{"UR": "urn:removed"},
}
"""What stands where a value must be there: of the right form, and recognizable."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """What the values of one data set are changed with.

    Attributes:
        known: the study's people and places.
        shift: of its dates; nothing where they are kept.
        replacement: new UID of an original one.
        patient: new name and identifier.
        clock: time of the study, for dates without a time of their own.
    """

    known: Known
    shift: Shift
    replacement: Callable[[str], str]
    patient: str
    clock: str = ""


class Values:
    """Changes values; every method answers the new bytes, or ``None`` where the value cannot stay.

    Text comes back as UTF-8.
    """

    def __init__(self, secrets: Secrets, protection: Protection) -> None:
        self._secrets = secrets
        self._protection = protection
        self._do: dict[Do, Callable[[bytes, Step, Sequence[str]], bytes | None]] = {
            Do.KEEP: _kept,
            Do.NUMBER: _number,
            Do.BYTES: self._bytes,
            Do.CODE: self._code,
            Do.TEXT: self._text,
            Do.UID: self._uid,
            Do.KEEP_UID: _uid_kept,
            Do.AGE: self._age,
            Do.PATIENT: self._patient,
        }

    def change(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        """A value after a step other than ``DATE``, ``RECURSE``, ``EMPTY``, ``DUMMY`` and ``REMOVE``."""
        return self._do[step.do](value, step, encodings) if value else value

    def date(self, value: bytes, vr: str, time: str) -> bytes | None:
        """A DA, TM or DT value, or several of them, shifted.

        Args:
            value: of the element.
            vr: DA, TM or DT.
            time: value of the time that belongs to a date, as many parts as the date has; "" where there is none.
        """
        shift, clock = self._secrets.shift, self._secrets.clock
        text = text_of(value, ())
        if text is None:
            return None
        parts, times = text.split("\\"), time.split("\\")
        times = times if len(times) == len(parts) else [""] * len(parts)
        moved: list[str | None] = []
        for part, of_day in zip((part.strip() for part in parts), times, strict=True):
            if not part:
                moved.append("")
            elif vr == "TM":
                moved.append(shift.time(part))
            else:
                moved.append((shift.date if vr == "DA" else shift.moment)(part, of_day.strip() or clock))
        return None if None in moved else "\\".join(str(part) for part in moved).encode("ascii")

    def dummy(self, step: Step, value: bytes) -> bytes:
        """A value that tells nothing, of the right form."""
        if step.vr == "UI":
            return self._secrets.replacement(value.hex()).encode("ascii")
        if step.vr in SIZES or step.vr in ("OB", "UN"):
            return bytes(step.longest or SIZES.get(step.vr, 2))
        return DUMMIES.get(step.vr, DUMMY_TEXT).encode("ascii")

    def _bytes(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        known = self._secrets.known
        return None if any(known.holds(run.decode("ascii")) for run in _LETTERS.findall(value)) else value

    def _code(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        text = text_of(value, encodings)
        if text is None or self._secrets.known.holds(text):
            return None
        if step.terms and not step.terms.allows(text.split("\\")):
            return None
        return text.encode("utf-8")

    def _text(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        text = text_of(value, encodings)
        cleaned = None if text is None else self._secrets.known.clean(text)
        return None if cleaned is None else cleaned.encode("utf-8")

    def _uid(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        parts = value.decode("latin-1").rstrip("\0 ").split("\\")
        if not all(_UID.fullmatch(part) for part in parts if part):
            return None
        new = (part if part in REGISTERED or not part else self._secrets.replacement(part) for part in parts)
        return "\\".join(new).encode("ascii")

    def _age(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        text = text_of(value, ())
        band = age_band(text) if text and Option.PATIENT_CHARACTERISTICS in self._protection.options else None
        return band.encode("ascii") if band else None

    def _patient(self, value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
        return self._secrets.patient.encode("utf-8")


def _kept(value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
    return value


def _number(value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
    return value if _NUMBER.fullmatch(value) else None


def _uid_kept(value: bytes, step: Step, encodings: Sequence[str]) -> bytes | None:
    text = value.decode("latin-1").rstrip("\0 ")
    return text.encode("ascii") if all(_UID.fullmatch(part) for part in text.split("\\") if part) else None
