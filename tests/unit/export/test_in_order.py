from __future__ import annotations

import threading
import time

import pytest

from app.worker.in_order import in_order


def test_results_come_in_the_order_of_the_items_whoever_is_ready_first():
    def slow_first(number: int) -> int:
        time.sleep(0.02 if number == 0 else 0)
        return number

    assert list(in_order(slow_first, range(40), threads=4)) == list(range(40))


def test_only_a_few_items_are_taken_ahead():
    taken: list[int] = []
    results = in_order(lambda number: number, (taken.append(n) or n for n in range(1000)), threads=2)
    assert next(results) == 0
    assert len(taken) < 20
    results.close()


def test_who_stops_taking_waits_for_what_has_begun_and_drops_the_rest():
    begun = threading.Event()
    done: list[int] = []

    def work(number: int) -> int:
        begun.set()
        time.sleep(0.05)
        done.append(number)
        return number

    results = in_order(work, range(1000), threads=2)
    next(results)
    results.close()
    finished = len(done)
    time.sleep(0.05)
    assert len(done) == finished <= 5


@pytest.mark.parametrize("where", ["work", "items"])
def test_a_failure_reaches_the_caller_at_its_place(where):
    def items():
        yield from range(5)
        if where == "items":
            raise OSError("items")

    def work(number: int) -> int:
        if where == "work" and number == 3:
            raise OSError("work")
        return number

    got: list[int] = []
    with pytest.raises(OSError, match=where):
        got.extend(in_order(work, items(), threads=2))
