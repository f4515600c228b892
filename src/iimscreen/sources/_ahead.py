"""Answers fetched ahead: the next is under way while the caller works on the last."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class _Failure:
    error: BaseException


_END = object()


class Ahead(Generic[Q, A]):
    """The answers to questions, in order, asked one after the other on a thread of its own.

    At most `most` answers wait to be taken. What `ask` raises is raised where its answer was due. To
    be used in a `with`, which ends the asking; the request that is under way then is not waited for.
    """

    def __init__(self, ask: Callable[[Q], A], questions: Sequence[Q], *, most: int = 4) -> None:
        self._ask = ask
        self._questions = questions
        self._answers: queue.Queue[object] = queue.Queue(most)
        self._stopped = threading.Event()
        # A daemon: Ctrl-C shall not wait for a server that does not answer.
        self._thread = threading.Thread(target=self._work, daemon=True, name="iimscreen-ahead")

    def __enter__(self) -> Ahead[Q, A]:
        self._thread.start()
        return self

    def __exit__(self, *_trouble: object) -> None:
        self._stopped.set()

    def __iter__(self) -> Iterator[tuple[Q, A]]:
        while True:
            try:
                found = self._answers.get(timeout=0.5)  # without a limit, Ctrl-C waits too on Windows
            except queue.Empty:
                continue
            if found is _END:
                return
            if isinstance(found, _Failure):
                raise found.error
            yield found  # type: ignore[misc]  # the queue holds nothing else

    def ready(self) -> Iterator[tuple[Q, A]]:
        """Ends the asking; the answers that have come already."""
        self._stopped.set()
        while True:
            try:
                found = self._answers.get_nowait()
            except queue.Empty:
                return
            if isinstance(found, tuple):
                yield found

    def _work(self) -> None:
        for question in self._questions:
            if self._stopped.is_set():
                return
            try:
                answer: object = (question, self._ask(question))
            except BaseException as error:  # noqa: BLE001 (raised again on the caller's thread)
                self._put(_Failure(error))
                return
            self._put(answer)
        self._put(_END)

    def _put(self, found: object) -> None:
        while not self._stopped.is_set():
            try:
                self._answers.put(found, timeout=0.5)
            except queue.Full:
                continue
            return
