"""Answers fetched ahead of the caller."""

from __future__ import annotations

import time

import pytest

from iimscreen.sources._ahead import Ahead


def wait_for(condition, seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def test_answers_come_in_the_order_of_the_questions():
    with Ahead(lambda number: number * 2, range(50)) as answers:
        found = list(answers)

    assert found == [(number, number * 2) for number in range(50)]


def test_what_a_question_raises_is_raised_where_its_answer_was_due():
    found: list[int] = []
    with Ahead(lambda number: 6 // number, [3, 2, 0, 1]) as answers, pytest.raises(ZeroDivisionError):
        found.extend(answer for _, answer in answers)

    assert found == [2, 3]


def test_no_more_is_fetched_ahead_than_may_wait():
    asked: list[int] = []
    with Ahead(lambda number: asked.append(number), range(50), most=3) as answers:
        wait_for(lambda: len(asked) == 4)  # three wait, one could not be put down
        time.sleep(0.05)
        ahead = len(asked)
        next(iter(answers))

    assert ahead == 4


def test_after_a_failure_of_the_caller_what_came_already_can_still_be_taken():
    with Ahead(lambda number: number, range(50), most=2) as answers:
        assert next(iter(answers)) == (0, 0)
        wait_for(lambda: answers._answers.full())

        left = list(answers.ready())

    assert left == [(1, 1), (2, 2)]


def test_nothing_more_is_asked_once_the_caller_has_left():
    asked: list[int] = []
    with Ahead(asked.append, range(10_000), most=2) as answers:
        next(iter(answers))

    answers._thread.join(timeout=30)

    assert not answers._thread.is_alive()
    assert len(asked) <= 5  # one taken, two waiting, one that could not be put down, one under way
