"""Watching a piece of work for network calls, through the interpreter's own audit events (PEP 578).

It sees what any library in this process does, native code that goes around Python excepted.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

NETWORK_EVENTS = frozenset(
    {"socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.sendmsg"}
)
"""Events that mean that something was to leave or enter this machine."""


def network_calls(work: Callable[[], object]) -> list[str]:
    """Do ``work`` and name the network calls that were made meanwhile, in any thread.

    The hook stays for the life of the process (the interpreter offers no other way) and is silent afterwards.
    """
    seen: list[str] = []
    watching = True

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event in NETWORK_EVENTS:
            seen.append(f"{event} {arguments[1:]}")

    sys.addaudithook(hook)
    try:
        work()
    finally:
        watching = False
    return seen
