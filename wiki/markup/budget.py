"""The CPU time that rendering one page may take, kept to in any thread and without signals."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

NESTING = "This text is nested too deeply."
TIME = "Rendering this text takes too long."
SIZE = "This text becomes too large when rendered."
TANGLE = "A row of a table in this text is too tangled."


class OverBudget(BaseException):
    """Rendering costs too much; the message says in which way.

    Not an Exception: libraries that catch all of those must not swallow it.
    """


class Deadline:
    """The moment by which this thread's own CPU time is spent. `check` raises OverBudget after it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Raise OverBudget if the time is up."""
        if time.thread_time() > self._end:
            raise OverBudget(TIME)


def limited(seconds: float, work: Callable[[], T]) -> T:
    """Return what `work` returns; raise OverBudget in this thread soon after it has used so much CPU time.

    One long operation in C cannot be interrupted. Nothing is raised once this function has returned.
    """
    alarm = _Alarm(seconds)
    try:
        try:
            return work()
        finally:
            alarm.stop()
    finally:
        # If the alarm went off within `stop` above, this is the second and last time that it is needed.
        alarm.stop()


class _Alarm:
    """Raises OverBudget once in the thread that made it, unless stopped before."""

    def __init__(self, seconds: float) -> None:
        self._thread = threading.get_ident()
        self._end = time.thread_time() + seconds
        self._clock = time.pthread_getcpuclockid(self._thread) if hasattr(time, "pthread_getcpuclockid") else None
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._raised = False
        self._waiting: threading.Timer | None = None
        self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        self._waiting = threading.Timer(seconds, self._ring)
        self._waiting.daemon = True
        try:
            self._waiting.start()
        except RuntimeError:
            # No more threads, or a server without any: the deadlines that the markups check themselves remain.
            self._waiting = None

    def _ring(self) -> None:
        with self._lock:
            if self._stopped.is_set():
                return
            left = self._end - time.clock_gettime(self._clock) if self._clock is not None else 0
            if left <= 0:
                self._raised = _raise_in(self._thread)
                return
        # The thread was waiting for its turn on a busy machine: that is not its fault.
        self._wait(max(left, 0.01))

    def stop(self) -> None:
        """Return when it is certain that nothing will be raised any more."""
        with self._lock:
            self._stopped.set()
        if self._waiting is not None:
            self._waiting.cancel()
        if self._raised:
            _forget_in(self._thread)


def _raise_in(thread: int) -> bool:
    try:
        from ctypes import c_ulong, py_object, pythonapi
    except ImportError:
        # Another Python than CPython: the deadlines that the markups check themselves remain.
        return False
    return bool(pythonapi.PyThreadState_SetAsyncExc(c_ulong(thread), py_object(_TimeUp)))


def _forget_in(thread: int) -> None:
    from ctypes import c_ulong, py_object, pythonapi

    pythonapi.PyThreadState_SetAsyncExc(c_ulong(thread), py_object())


class _TimeUp(OverBudget):
    """What the alarm raises: a class, since the interpreter makes the instance."""

    def __init__(self) -> None:
        super().__init__(TIME)
