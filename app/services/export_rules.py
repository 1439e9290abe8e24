"""What may be asked of an export, and which real images it takes: rules that need no file of a source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from app.domain.cohort import SPLITS, Cohort, Item
from app.domain.deid import Option, Profile, Protection
from app.domain.errors import BadUsage, Refused
from app.domain.export import ExportRequest, Include
from app.domain.selection import LeftOut


def check_request(request: ExportRequest) -> None:
    """Refuse what cannot be carried out, before any work.

    Raises:
        BadUsage: ``export-needs-samples``, ``export-needs-cohort``, ``not-available`` (profile, option, split or no
            format at all).
        Refused: ``folder-not-empty``.
    """
    if Include.SYNTHETIC in request.include and not request.samples:
        raise BadUsage("export-needs-samples")
    if Include.REAL in request.include and not request.cohort:
        raise BadUsage("export-needs-cohort")
    if not request.formats or not request.include:
        raise BadUsage("not-available", option="An export without any format or any images")
    unknown = sorted(set(request.splits) - set(SPLITS))
    if unknown or not request.splits:
        raise BadUsage("not-available", option=f"The part of a cohort “{', '.join(unknown) or 'none'}”")
    protection(request)
    out = Path(request.out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Refused("folder-not-empty", path=str(out))


def protection(request: ExportRequest) -> Protection:
    """How real images of a request are de-identified.

    Raises:
        BadUsage: ``not-available``: no such profile or option.
    """
    try:
        profile = Profile(request.profile)
    except ValueError:
        raise BadUsage("not-available", option=f"The de-identification profile “{request.profile}”") from None
    try:
        return Protection.of(profile, extra=tuple(Option(name) for name in request.options))
    except ValueError:
        raise BadUsage("not-available", option=f"A de-identification option of {list(request.options)}") from None


def real_items(cohort: Cohort, splits: Iterable[str]) -> tuple[Item, ...]:
    """The real images of some parts of a cohort that may leave: those with a label, as nobody could say what the
    others show.

    Raises:
        Refused: ``no-real-images``.
    """
    wanted = frozenset(splits)
    items = tuple(item for item in cohort.labelled if item.split in wanted)
    if not items:
        raise Refused("no-real-images", name=cohort.name)
    return items


def summarised(left_out: tuple[LeftOut, ...]) -> tuple[str, ...]:
    """One sentence per reason and class."""
    counted = Counter((one.label, one.reason) for one in left_out)
    return tuple(f"{count} of {label}: {reason}" for (label, reason), count in sorted(counted.items()))
