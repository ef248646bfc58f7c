"""Tasks in threads beside the caller's own: each is done once, and none goes on."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest

from carflow.fcs import side_threads
from carflow.fcs.side_threads import MOST_THREADS, side_by_side

Task = Callable[[], None]


@pytest.mark.parametrize("count", [1, 2, MOST_THREADS, 20])
def test_every_task_is_done_once_and_the_first_by_the_caller(count: int) -> None:
    done: dict[int, threading.Thread] = {}
    times: list[int] = []

    def task(number: int) -> Task:
        def note() -> None:
            done[number] = threading.current_thread()
            times.append(number)

        return note

    side_by_side([task(number) for number in range(count)])

    assert sorted(times) == list(range(count))
    assert done[0] is threading.current_thread()


def test_two_tasks_run_at_the_same_time() -> None:
    both = threading.Barrier(2)

    def meet() -> None:
        both.wait(timeout=60)

    side_by_side([meet, meet])

    assert not both.broken


def test_threads_that_are_taken_are_not_waited_for() -> None:
    """A task that was not begun is done by the caller."""
    free, done = threading.Event(), []
    taken = [side_threads._others().submit(free.wait, 60) for _ in range(MOST_THREADS - 1)]

    side_by_side([lambda: done.append("mine"), lambda: done.append("yours")])

    assert done == ["mine", "yours"]
    assert not any(one.done() for one in taken)
    free.set()


@pytest.mark.parametrize("failing", [0, 1])
def test_a_task_that_fails_is_told_when_no_other_is_at_work(failing: int) -> None:
    begun, at_work = threading.Barrier(2), []

    def fail() -> None:
        begun.wait(timeout=60)
        raise ValueError("it failed")

    def go_on() -> None:
        begun.wait(timeout=60)
        threading.Event().wait(0.1)
        at_work.append("until here")

    with pytest.raises(ValueError, match=r"^it failed$"):
        side_by_side([fail, go_on] if failing == 0 else [go_on, fail])

    assert at_work == ["until here"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system knows no fork")
def test_a_forked_process_has_threads_of_its_own() -> None:
    program = """
import os, warnings
from carflow.fcs.side_threads import _others, side_by_side
warnings.simplefilter("ignore")  # newer Pythons warn of threads at every fork
from threading import Barrier
def both_run():
    both = Barrier(2)
    side_by_side([lambda: both.wait(timeout=20), lambda: both.wait(timeout=20)])
both_run()
assert _others.cache_info().currsize == 1
child = os.fork()
if not child:
    both_run()
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    ran = subprocess.run(  # noqa: S603  # our own program, in our own interpreter
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert ran.stdout == "7\n"
