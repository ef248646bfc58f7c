"""Threads beside the caller's own, for parts of one file; what they do is not told here.

Decision: they stay. To start and to end a thread takes as long as to gate 50,000 events.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_THREADS = 4  # with the caller's; more wait for the memory


def processors() -> int:
    """Return how many processors this process may use.

    Examples
    --------
    >>> processors() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def side_by_side(tasks: Sequence[Callable[[], None]]) -> None:
    """Do some tasks, the first in the caller's thread; return when no thread is at one any more.

    Others may be waiting for the same threads, so a task must not rely on another one to begin:
    those that no thread has begun when the first is done are done by the caller, too.

    Raises
    ------
    BaseException
        That of the first task that failed, in their order.

    Examples
    --------
    >>> done = []
    >>> side_by_side([lambda: done.append("mine"), lambda: done.append("yours")])
    >>> sorted(done)
    ['mine', 'yours']
    """
    own, *others = tasks
    given = [_others().submit(task) for task in others]
    try:
        own()
        for task, one in zip(others, given, strict=True):
            if one.cancel():
                task()
    finally:
        begun = [one for one in given if not one.cancel()]
        wait(begun)
    for one in begun:
        one.result()


@lru_cache(maxsize=1)
def _others() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS - 1, thread_name_prefix="carflow")


if hasattr(os, "register_at_fork"):
    # a forked process has the pool, and no thread in it
    os.register_at_fork(after_in_child=_others.cache_clear)
