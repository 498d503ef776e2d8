"""One thread that does for many what costs the same for one."""

from __future__ import annotations

import queue
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotDone  # not the built-in one before Python 3.11
from typing import Callable, Generic, Iterable, List, Tuple, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Hands what many threads bring to one, as much at once as came while it was busy."""

    def __init__(
            self, handle: Callable[[List[T]], None], most: int = 64, waiting: int = 1024) -> None:
        self._handle = handle
        self._most = most
        self._queue: queue.Queue[Tuple[T, Future[None]]] = queue.Queue(waiting)
        threading.Thread(target=self._run, name="batches", daemon=True).start()

    def bring(self, item: T, time_limit: float) -> None:
        """Returns when the item is handled; raises what its handling raised, or a TimeoutError."""
        self.bring_all([item], time_limit)

    def bring_all(self, items: Iterable[T], time_limit: float) -> None:
        """Returns when all are handled; raises what handling one raised, or a TimeoutError."""
        give_up = time.monotonic() + time_limit
        under_way: List[Future[None]] = []
        try:
            for item in items:
                done: Future[None] = Future()
                self._queue.put((item, done), timeout=max(0.0, give_up - time.monotonic()))
                under_way.append(done)
            for done in under_way:
                done.result(max(0.0, give_up - time.monotonic()))
        except (queue.Full, NotDone):
            raise TimeoutError(f"It was not handled within {time_limit:.0f} s.") from None

    def _run(self) -> None:
        while True:
            batch = [self._queue.get()]
            while len(batch) < self._most:
                try:
                    batch.append(self._queue.get_nowait())
                except queue.Empty:
                    break
            try:
                self._handle([item for item, _ in batch])
            except Exception as failure:  # it is theirs who brought the items
                for _, done in batch:
                    done.set_exception(failure)
            else:
                for _, done in batch:
                    done.set_result(None)
