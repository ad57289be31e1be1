"""Group commit: shared batches, and nobody fails for another."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError

from opsportal.lib.groupcommit import GroupCommit
from tests.waiting import wait_until


def test_what_gathers_during_a_commit_shares_the_next():
    batches, gate, entered = [], threading.Event(), threading.Event()

    def write(items):
        batches.append(len(items))
        if len(batches) == 1:
            entered.set()
            gate.wait(10)
        return [item * 2 for item in items]

    commits = GroupCommit(write, weigh=lambda item: 1, most=100)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(commits.submit, 0)
        assert entered.wait(10)
        rest = [pool.submit(commits.submit, number) for number in range(1, 10)]
        wait_until(lambda: commits._waiting.qsize() == 9)
        gate.set()
        assert [future.result(10) for future in [first, *rest]] == [n * 2 for n in range(10)]
    assert batches == [1, 9]


def test_a_batch_stays_within_its_weight():
    batches, gate = [], threading.Event()

    def write(items):
        gate.wait(10)
        batches.append(list(items))
        return items

    commits = GroupCommit(write, weigh=lambda item: item, most=10)
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(commits.submit, weight) for weight in (6, 6, 6, 6)]
        gate.set()
        for future in futures:
            future.result(10)
    assert max(map(len, batches)) <= 2


def test_poison_fails_alone():
    def write(items):
        if "poison" in items:
            raise ValueError("bad")
        return items

    commits = GroupCommit(write, weigh=lambda item: 1, most=100)
    with ThreadPoolExecutor(8) as pool:
        good = [pool.submit(commits.submit, str(number)) for number in range(7)]
        bad = pool.submit(commits.submit, "poison")
        assert [future.result(10) for future in good] == [str(number) for number in range(7)]
        with pytest.raises(ValueError, match="bad"):
            bad.result(10)


def test_a_lost_database_is_told_to_all_and_the_writer_lives_on():
    answers = [OperationalError("gone"), None]

    def write(items):
        error = answers.pop(0)
        if error:
            raise error
        return items

    commits = GroupCommit(write, weigh=lambda item: 1, most=100)
    with pytest.raises(OperationalError):
        commits.submit(1)
    assert commits.submit(2) == 2


def test_closing_commits_what_waits_and_ends_the_writer():
    written = []

    def write(items):
        written.extend(items)
        return items

    commits = GroupCommit(write, weigh=lambda item: 1, most=3)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(commits.submit, range(8)))
    writer = commits._writer
    commits.close()
    commits.close()
    assert not writer.is_alive()
    assert commits.submit(8) == 8
    assert sorted(written) == list(range(9))
    commits.close()


def test_a_writer_that_died_is_replaced(monkeypatch):
    commits = GroupCommit(lambda items: items, weigh=lambda item: 1, most=100)
    assert commits.submit(1) == 1
    monkeypatch.setattr(commits, "_gather", None)  # a fault outside any batch
    monkeypatch.setattr(threading, "excepthook", lambda args: None)
    with pytest.raises(TimeoutError):
        commits.submit(2, timeout=0.2)
    monkeypatch.undo()
    commits._writer.join(10)
    assert commits.submit(3) == 3
    commits.close()
