"""Import: finds files, shows them in the library as soon as their headers were read, then checks every picture.

Source files are only read. What cannot be used is set aside with its reason; an import that was stopped goes on
where it was when the same files are imported again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.domain.errors import Refused, Stopped
from app.jobs.decoders import Decoders
from app.jobs.spec import JobSpec
from app.store.library import Library
from app.store.project import Project
from app.worker.channel import Channel
from app.worker.intake_check import Checker, Checking
from app.worker.intake_ledger import Ledger
from app.worker.intake_look import Looking
from app.worker.intake_shelf import Shelf
from app.worker.intake_sources import Sources


def run(spec: JobSpec, channel: Channel) -> dict[str, Any]:
    """Import ``params["paths"]`` into the project; see ``import_paths``."""
    project = Project.open(Path(spec.project))
    try:
        return import_paths(project, [Path(path) for path in spec.params["paths"]], channel)
    finally:
        project.close()


def import_paths(
    project: Project, paths: Sequence[Path], channel: Channel, decoders: Checker | None = None
) -> dict[str, Any]:
    """Take every readable image under ``paths`` into the library.

    Args:
        project: where to.
        paths: files, folders and archives.
        channel: hears how far it is.
        decoders: the pool to check pictures in, left open; a pool of its own where there is none.

    Returns:
        ``found`` files, of them ``imported``, ``skipped`` (here already, or a viewer's own files on a medium) and
        ``quarantined`` (list of path, code and reason), ``unchecked`` files whose source went away before their
        pixels were read, and the number of ``studies`` that they belong to.

    Raises:
        Refused: ``nothing-to-import``, ``path-missing``.
        Stopped: the person stopped; what had entered the library stays.
    """
    if decoders is not None:
        return _import(project, paths, channel, decoders)
    own = Decoders()
    try:
        return _import(project, paths, channel, own)
    finally:
        own.close()


def _import(project: Project, paths: Sequence[Path], channel: Channel, decoders: Checker) -> dict[str, Any]:
    library = Library(project)
    ledger = Ledger(library)
    sources = Sources(project, ledger, channel)
    shelf = Shelf(project, library, lambda: channel.stop_asked)
    looking = Looking(shelf, ledger, sources, channel)
    try:
        channel.phase("Looking for images")
        left = looking.begin(sources.find(paths))
        channel.phase("Reading what the files say")
        looking.look_at_all(left)
        sources.tell_missing()
        channel.phase("Checking every picture")
        Checking(shelf, ledger, decoders, channel).check_all(looking.tasks)
    except Stopped as stop:
        raise Stopped(stop.code, imported=ledger.imported, unchecked=ledger.left) from stop
    finally:
        ledger.close(sources.places, channel)
    ledger.studies &= shelf.studies()
    result = ledger.result()
    if not ledger.found and not result["quarantined"]:
        raise Refused("nothing-to-import", path=", ".join(str(path) for path in paths))
    return result
