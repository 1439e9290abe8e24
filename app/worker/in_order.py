"""Work on a stream in a few threads, with the results in the order of the stream.

For work that spends its time outside the interpreter: compressing, hashing, reading and writing files. It must not
know what the work is.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items a thread that may wait: enough to keep it busy, few enough to keep memory flat."""
MOST = 8
"""Threads; more of them wait for the interpreter and the disk."""


def in_order(work: Callable[[Item], Result], items: Iterable[Item], threads: int | None = None) -> Iterator[Result]:
    """Results of ``work``, one per item, in order.

    Items are taken in the caller's thread, only a few ahead of the results. Where the caller stops taking, or
    anything raises, what has not begun is dropped and what has begun is waited for: nothing is written afterwards.

    Args:
        work: called in several threads at once.
        items: taken one by one.
        threads: how many; by default as many as there are processors, ``MOST`` at most.

    Raises:
        Exception: what ``work`` or ``items`` raised, at the place of its item.
    """
    count = threads or min(MOST, os.cpu_count() or 1)
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(count, thread_name_prefix="in-order")
    try:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > count * AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
