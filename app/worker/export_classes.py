"""Class names that hold an identity: folders are often named after patients, and class names after folders.

The identity is cut out of the name everywhere before anything is written; the check of the finished export then
finds none. It must not know files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from app.deid.leaks import Search
from app.domain.audit import AuditRecord
from app.domain.cohort import Cohort
from app.domain.run import RunRecord
from app.domain.sample_set import SampleSetRecord


def harmless_names(classes: Iterable[str], search: Search) -> dict[str, str]:
    """Old to new name of every class whose name holds an identity; the others are not in it."""
    names = sorted(set(classes))
    taken = {name for name in names if not search.found_in_text(name)}
    renamed: dict[str, str] = {}
    for number, name in enumerate(names, start=1):
        if name in taken:
            continue
        cut = search.cut_from(name).strip(" _-.,^")
        fit = cut and cut not in taken and not search.found_in_text(cut)
        renamed[name] = cut if fit else f"class {number}"
        taken.add(renamed[name])
    return renamed


def rename_cohort(cohort: Cohort, names: Mapping[str, str]) -> Cohort:
    """The cohort with its classes renamed."""
    return replace(cohort, items=tuple(replace(i, label=names.get(i.label, i.label)) for i in cohort.items))


def rename_samples(samples: SampleSetRecord, names: Mapping[str, str]) -> SampleSetRecord:
    """The sample set with its classes renamed."""
    return replace(samples, samples=tuple(replace(s, label=names.get(s.label, s.label)) for s in samples.samples))


def rename_run(run: RunRecord, names: Mapping[str, str]) -> RunRecord:
    """The run with its classes renamed."""
    return replace(run, classes=tuple(names.get(name, name) for name in run.classes))


def rename_audit(audit: AuditRecord, names: Mapping[str, str]) -> AuditRecord:
    """The audit with its classes renamed in sentences and figures."""

    def told(text: str) -> str:
        for old in sorted(names, key=len, reverse=True):
            text = text.replace(old, names[old])
        return text

    verdicts = tuple(
        replace(
            verdict,
            sentence=told(verdict.sentence),
            figures={told(k): told(v) if isinstance(v, str) else v for k, v in verdict.figures.items()},
        )
        for verdict in audit.verdicts
    )
    return replace(audit, verdicts=verdicts)
