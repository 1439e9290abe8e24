"""Who may run: one job at a time for each contended resource, first come, first served.

Pure bookkeeping behind one lock; starting processes is the matter of ``process``.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from typing import Generic, TypeVar

JobT = TypeVar("JobT")


class Queues(Generic[JobT]):
    """Waiting and running jobs by resource."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[JobT]] = defaultdict(deque)
        self._running: dict[str, JobT] = {}

    def join(self, resource: str, job: JobT) -> None:
        """Put a job at the end of its queue."""
        with self._lock:
            self._waiting[resource].append(job)

    def leave(self, resource: str, job: JobT) -> bool:
        """Take a waiting job out; false where it does not wait (any more)."""
        with self._lock:
            if job not in self._waiting[resource]:
                return False
            self._waiting[resource].remove(job)
            return True

    def admit(self, resource: str) -> JobT | None:
        """The next job of a free resource, which is taken by it from now on; ``None`` where nothing may start."""
        with self._lock:
            if resource in self._running or not self._waiting[resource]:
                return None
            job = self._waiting[resource].popleft()
            self._running[resource] = job
            return job

    def release(self, resource: str, job: JobT) -> None:
        """The job ended; its resource is free."""
        with self._lock:
            if self._running.get(resource) is job:
                del self._running[resource]

    def jobs(self) -> list[JobT]:
        """Running jobs, then the waiting ones."""
        with self._lock:
            return [*self._running.values(), *(job for queue in self._waiting.values() for job in queue)]
