"""Standardised uptake of PET: the factor from stored activity to SUV by body weight, where the header allows it.

PS3.3 C.8.9.1 (PET Series: Units, Decay Correction) and C.8.9.2 (PET Isotope), in the order of QIBA's vendor-neutral
pseudo-code for SUVbw. It knows attributes, not pixels; what the header does not say it does not guess.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from pydicom.multival import MultiValue


class Attributes(Protocol):
    """A parsed header; pydicom's ``Dataset`` is one."""

    def get(self, key: str, default: Any = None, /) -> Any:
        """Value of the attribute with this keyword."""


@dataclass(frozen=True, slots=True)
class Uptake:
    """What the rescaled values of a PET image mean.

    Attributes:
        unit: "SUV", "Bq/ml" or "rescaled".
        factor: what rescaled values are multiplied by to be in ``unit``.
        reason: why they are no SUV, as a sentence; "" where they are.
    """

    unit: str
    factor: float = 1.0
    reason: str = ""


class _NotSaid(Exception):
    """The header lacks something that the factor needs."""


_LONGEST = timedelta(days=1)
"""Between injection and scan; the isotopes of PET leave nothing to see after a day."""
_PHILIPS = (0x7053, "Philips PET Private Group")
_GE = (0x0009, "GEMS_PETD_01")


def uptake(header: Attributes) -> Uptake:
    """Unit of a PET image's values, and the factor that leads to it."""
    units = _text(header.get("Units")).upper()
    kind = _text(header.get("SUVType")).upper()
    if units == "GML":
        if kind in ("", "BW"):
            return Uptake("SUV")
        return Uptake("rescaled", reason=f"The uptake is not by body weight but of the type {kind}.")
    try:
        if units == "BQML":
            return Uptake("SUV", by_body_weight(header))
        if units == "CNTS":
            return Uptake("SUV", _philips(header))
    except _NotSaid as lacking:
        return Uptake("Bq/ml" if units == "BQML" else "rescaled", reason=f"No SUV: the header {lacking}.")
    return Uptake("rescaled", reason=f"No SUV: the values are in {units or 'an unnamed unit'}.")


def by_body_weight(header: Attributes) -> float:
    """SUVbw for 1 Bq/ml: weight in grams by the dose that is left at the time that images are corrected to.

    Raises:
        _NotSaid: an attribute is missing or implausible.
    """
    corrected = _many(header.get("CorrectedImage"))
    if "DECY" not in corrected or "ATTN" not in corrected:
        raise _NotSaid("does not say that decay and attenuation were corrected")
    injected = (header.get("RadiopharmaceuticalInformationSequence") or [None])[0]
    if injected is None:
        raise _NotSaid("says nothing of the injection")
    weight = _positive(header.get("PatientWeight"), "does not state the weight")
    dose = _positive(injected.get("RadionuclideTotalDose"), "does not state the injected dose")
    decay = _text(header.get("DecayCorrection")).upper()
    if decay == "ADMIN":
        return weight * 1000 / dose
    if decay != "START":
        raise _NotSaid("does not say to which time decay was corrected")
    half_life = _positive(injected.get("RadionuclideHalfLife"), "does not state the half-life")
    waited = _waited(header, injected, half_life).total_seconds()
    return weight * 1000 / (dose * 2 ** (-waited / half_life))


def _philips(header: Attributes) -> float:
    """Philips counts: its own factor to SUV, else its factor to Bq/ml (private attributes 00 and 09)."""
    to_suv = _private(header, _PHILIPS, 0x00)
    if to_suv:
        return _positive(to_suv, "has no factor to SUV")
    to_activity = _positive(_private(header, _PHILIPS, 0x09), "counts and has no factor to activity")
    return to_activity * by_body_weight(header)


def _waited(header: Attributes, injected: Any, half_life: float) -> timedelta:
    """From injection to the start of the scan, over midnight where need be."""
    scanned = _scan_start(header, half_life)
    stated = _moment(injected.get("RadiopharmaceuticalStartDateTime"))
    if stated is None:
        clock = _text(injected.get("RadiopharmaceuticalStartTime"))
        stated = _moment(f"{scanned:%Y%m%d}{clock}") if clock else None
        if stated is not None and stated > scanned:
            stated -= timedelta(days=1)
    if stated is None:
        raise _NotSaid("does not state the time of the injection")
    waited = scanned - stated
    if not timedelta(0) <= waited <= _LONGEST:
        raise _NotSaid("places the injection after the scan, or more than a day before it")
    return waited


def _scan_start(header: Attributes, half_life: float) -> datetime:
    """The time that START means: Series Time, unless the series was written later than it was acquired."""
    series = _at(header, "SeriesDate", "SeriesTime")
    acquired = _at(header, "AcquisitionDate", "AcquisitionTime")
    if series is not None and (acquired is None or series <= acquired):
        return series
    ge = _moment(_private(header, _GE, 0x0D))
    if ge is not None:
        return ge
    reference, lasted = _number(header.get("FrameReferenceTime")), _number(header.get("ActualFrameDuration"))
    if acquired is None or not reference or not lasted or lasted < 0:
        raise _NotSaid("does not state when the scan began")
    rate = math.log(2) / half_life
    seconds = lasted / 1000 * rate
    average = math.log(seconds / -math.expm1(-seconds)) / rate
    return acquired + timedelta(seconds=average - reference / 1000)


def _at(header: Attributes, date: str, time: str) -> datetime | None:
    day, clock = _text(header.get(date)), _text(header.get(time))
    return _moment(day + clock) if day and clock else None


def _moment(value: Any) -> datetime | None:
    """A DICOM date with time (PS3.5 6.2, DT), its offset from UTC left out, as all times are of one place."""
    text = _text(value).partition("+")[0].partition("-")[0]
    whole, _, fraction = text.partition(".")
    if not whole.isdigit() or not 10 <= len(whole) <= 14:
        return None
    try:
        moment = datetime.strptime(whole.ljust(14, "0"), "%Y%m%d%H%M%S")
    except ValueError:
        return None
    return moment + timedelta(seconds=float(f"0.{fraction}") if fraction.isdigit() else 0.0)


def _private(header: Attributes, group: tuple[int, str], element: int) -> Any:
    """Value of a private attribute; ``None`` where it is not there, or the header was only skimmed."""
    block = getattr(header, "private_block", None)
    if block is None:
        return None
    try:
        return block(*group)[element].value
    except KeyError:
        return None


def _positive(value: Any, lacking: str) -> float:
    number = _number(value)
    if number is None or number <= 0:
        raise _NotSaid(lacking)
    return number


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip(" \x00")


def _many(value: Any) -> list[str]:
    if value is None:
        return []
    return [_text(one).upper() for one in (value if isinstance(value, (list, tuple, MultiValue)) else [value])]
