"""The walk over a data set: every element goes through its step of the plan, what has none is left behind.

It must not know files. Elements go in and come out undecoded, so that what is removed costs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.tag import BaseTag

from app.deid import tables
from app.deid.elements import (
    DEEPEST,
    PIXELS,
    SIZES,
    TEXTS,
    UNREADABLE,
    Element,
    Opened,
    encodings_of,
    found,
    items_of,
    loaded,
    raw,
    spoken_in,
    text_of,
)
from app.deid.plan import Do, Plan, Step, plan_of_items
from app.deid.safe_private import private_part
from app.deid.values import Values
from app.domain.deid import Option, Protection

CHARSET = 0x00080005
FIRED = {Do.UID: "uid", Do.DATE: "date", Do.AGE: "age", Do.PATIENT: "pseudonym"}
REFUSED = {Do.TEXT: "text-removed", Do.CODE: "technical", Do.BYTES: "technical"}
_ENDS = {Do.EMPTY: "emptied", Do.DUMMY: "replaced", Do.REMOVE: "removed"}


class Cleaning:
    """Cleans one data set.

    Attributes:
        fired: how often each rule of ``app.domain.deid.RULES`` did something.
        beyond_ascii: whether a text that stays needs UTF-8.
    """

    def __init__(self, values: Values, protection: Protection, like: tuple[bool, bool], opened: Opened) -> None:
        self.fired: Counter[str] = Counter()
        self.beyond_ascii = False
        self._values = values
        self._protection = protection
        self._like = like
        self._opened = opened
        self._safe = Option.SAFE_PRIVATE in protection.options

    def clean(self, source: Dataset, plan: Plan, encodings: Sequence[str], depth: int = 0) -> dict[BaseTag, Element]:
        """What may stay of ``source``, by tag."""
        encodings = encodings_of(source, encodings)
        kept: dict[BaseTag, Element] = {}
        for element in source.values():
            step = plan.get(element.tag)
            made = (
                self._unplanned(source, element)
                if step is None
                else self._planned(source, element, step, encodings, depth)
            )
            if made is not None:
                kept[made.tag] = made
        if self._safe:
            self._add_creators(source, kept)
        return kept

    def _unplanned(self, source: Dataset, element: Element) -> Element | None:
        tag = element.tag
        group = tag >> 16
        if group & 1:
            part = private_part(source, element, self._like, self._values) if self._safe else None
            if (tag & 0xFFFF) > 0xFF:
                self.fired["private" if part is None else "private-kept"] += 1
            return part
        if 0x5000 <= group < 0x5100 or 0x6000 <= group < 0x6100:
            self.fired["graphics"] += 1
        elif tag & 0xFFFF:
            self.fired["removed" if tag in tables.rows() else "unlisted"] += 1
        return None

    def _planned(
        self, source: Dataset, element: Element, step: Step, encodings: Sequence[str], depth: int
    ) -> Element | None:
        if element.tag == CHARSET:
            return None
        if step.do in _ENDS:
            return self._end(element, step, step.do, _ENDS[step.do])
        try:
            if step.vr == "SQ":
                return self._sequence(element, step, encodings, depth)
            plain = loaded(source, element, self._like)
            return self._value(source, plain, step, spoken_in(element, encodings))
        except (OSError, EOFError, *UNREADABLE):
            return self._end(element, step, _instead(step), "unreadable")

    def _value(self, source: Dataset, element: RawDataElement, step: Step, encodings: Sequence[str]) -> Element | None:
        value = element.value or b""
        if step.vr in TEXTS and not value.strip(b"\0 "):
            value = b""
        if not self._fits(element, step, value):
            return self._end(element, step, _instead(step), "unreadable")
        if step.do is Do.KEEP and element.VR != "UN":
            return element
        if step.do is Do.DATE:
            new = self._values.date(value, step.vr, self._time_of(source, step)) if value else value
        else:
            new = self._values.change(value, step, encodings)
        if new is None:
            return self._end(element, step, _instead(step), REFUSED.get(step.do, "unreadable"))
        if step.do is Do.TEXT:
            self.fired["text-cleaned"] += new.rstrip() != value.rstrip(b"\0 ")
        elif step.do in FIRED:
            self.fired[FIRED[step.do]] += new != value.rstrip(b"\0 ")
        self.beyond_ascii |= not new.isascii() and step.vr not in SIZES and step.vr != "OB"
        return raw(element.tag, step.vr, new, self._like)

    def _fits(self, element: RawDataElement, step: Step, value: bytes) -> bool:
        """Whether a value may be what the dictionary says: representation, and length of what is not read."""
        if step.do not in (Do.KEEP, Do.BYTES):
            return True
        if element.is_little_endian is not self._like[1]:
            return False
        if element.VR == "UN":
            return self._like[1] and step.vr in SIZES and _whole(value, step)
        return element.tag in PIXELS or (element.VR in step.vrs and _whole(value, step))

    def _sequence(self, element: Element, step: Step, encodings: Sequence[str], depth: int) -> Element | None:
        if depth >= DEEPEST:
            return self._end(element, step, step.otherwise, "unreadable")
        plan = plan_of_items(int(element.tag), self._protection)
        items = [
            self._item(self.clean(item, plan, encodings, depth + 1))
            for item in items_of(element, encodings, self._opened)
        ]
        if step.otherwise is Do.REMOVE and items and not any(items):
            self.fired["removed"] += 1
            return None
        return _sequence(element.tag, items)

    def _end(self, element: Element, step: Step, do: Do, rule: str) -> Element | None:
        """Without its value: removed, emptied, or with a dummy."""
        self.fired[rule] += 1
        if do is Do.REMOVE:
            return None
        if step.vr == "SQ":
            return _sequence(element.tag, [self._dummy_item(int(element.tag))] if do is Do.DUMMY else [])
        value = b"" if do is Do.EMPTY else self._values.dummy(step, _bytes(element))
        return raw(element.tag, step.vr, value, self._like)

    def _dummy_item(self, sequence: int, depth: int = 0) -> Dataset:
        """An item with a dummy wherever the standard asks for a value."""
        made: dict[BaseTag, Element] = {}
        for tag, step in plan_of_items(sequence, self._protection).items():
            if tables.items(sequence)[tag] != "1":
                continue
            if step.vr == "SQ":
                inner = [self._dummy_item(tag, depth + 1)] if depth < 3 else []
                made[BaseTag(tag)] = _sequence(BaseTag(tag), inner)
            else:
                made[BaseTag(tag)] = raw(tag, step.vr, self._values.dummy(step, b""), self._like)
        return self._item(made)

    def _item(self, elements: dict[BaseTag, Element]) -> Dataset:
        item = Dataset(elements)
        item.set_original_encoding(*self._like, "utf8")
        return item

    def _time_of(self, source: Dataset, step: Step) -> str:
        """The time of the day that a date belongs to; "" where there is none."""
        element = found(source, step.partner) if step.partner else None
        return "" if element is None else text_of(loaded(source, element, self._like).value or b"", ()) or ""

    def _add_creators(self, source: Dataset, kept: dict[BaseTag, Element]) -> None:
        """The names of the private blocks of which something stays."""
        for tag in [tag for tag in kept if tag >> 16 & 1]:
            owner = BaseTag((tag & 0xFFFF0000) | (tag >> 8 & 0xFF))
            element = found(source, owner)
            if element is not None:
                kept[owner] = raw(owner, "LO", loaded(source, element, self._like).value or b"", self._like)


def _instead(step: Step) -> Do:
    """What takes the place of a value that cannot stay: no number is made up, as it would change what pixels mean."""
    return Do.EMPTY if step.do in (Do.KEEP, Do.NUMBER) and step.otherwise is Do.DUMMY else step.otherwise


def _whole(value: bytes, step: Step) -> bool:
    """Whether bytes are whole numbers, and no more of them than the standard permits."""
    return not len(value) % SIZES.get(step.vr, 1) and (not step.longest or len(value) <= step.longest)


def _sequence(tag: BaseTag, items: list[Dataset]) -> DataElement:
    return DataElement(tag, "SQ", Items(items), already_converted=True)


def _bytes(element: Element) -> bytes:
    value = element.value
    return value if isinstance(value, bytes) else b""
