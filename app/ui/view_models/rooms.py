"""Which rooms have a result already; the rail ticks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.run import RunState

if TYPE_CHECKING:
    from app.compose import Services


def done_rooms(services: Services) -> frozenset[str]:
    """Rooms whose work has a result in this project. Asks the disk: not for the GUI thread."""
    learnt = (run.state in (RunState.DONE, RunState.STOPPED) for run in services.training.runs())
    done = {
        "library": services.catalogue.counts()["studies"] > 0,
        "cohort": bool(services.cohorts.names()),
        "train": any(learnt),
        "generate": bool(services.generation.sets()),
        "review": bool(services.audits.records()),
        "export": bool(services.exports.records()),
    }
    return frozenset(room for room, has_result in done.items() if has_result)
