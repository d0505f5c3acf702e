"""Who counts the parts of a scan: threads, processes, a cluster, and workers that are lost."""

from __future__ import annotations

import os
import signal
import warnings
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import salesmetrics as sm
from salesmetrics.scans import one_pass

COMPANY = sm.datasets.sample_company(deals=4_000, rng=5)
DEALS = COMPANY.deals
PARTS = 12


def some(at: int) -> sm.DealBook:
    """Return a part of the deals, made where it is counted."""
    return DEALS.take(np.arange(at * DEALS.rows // PARTS, (at + 1) * DEALS.rows // PARTS))


def dying(at: int, folder: str, often: int) -> sm.DealBook:
    """Return a part of the deals; the worker that counts part 5 is killed so many times before."""
    if at == 5:
        for time in range(often):
            mark = Path(folder) / f"died-{time}"
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
    return some(at)


def parts() -> list[Any]:
    """Return callables for all parts, which can be sent to another process."""
    return [partial(some, at) for at in range(PARTS)]


def report(deals: Any) -> dict[str, Any]:
    """Return several answers, made by lambdas that cannot be sent anywhere."""
    return dict(
        sm.measure(
            deals,
            {
                "attainment": lambda d: sm.attainment(
                    d, COMPANY.quotas, period=COMPANY.calendar.quarter(2026, 3), by="rep"
                ),
                "wins": lambda d: sm.win_rate(d, by=("segment", "rep")),
                "walk": lambda d: sm.pipeline_walk(d, COMPANY.history, period=COMPANY.calendar.quarter(2026, 2)),
                "curve": lambda d: sm.win_rate_curve(d, by="segment").median,
            },
        )
    )


def assert_same(found: dict[str, Any]) -> None:
    """Assert that a report is that of the book."""
    for name, expected in report(DEALS).items():
        assert found[name].equals(expected), name


# --- pools -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_threads_give_the_same_bits(workers: int) -> None:
    """Threads of the user's count the parts; any number of them gives the same bits."""
    with ThreadPoolExecutor(workers) as pool:
        assert_same(report(sm.scan(parts(), executor=pool)))
    with sm.threads(workers):
        assert_same(report(sm.scan(parts())))


def test_processes_give_the_same_bits() -> None:
    """Processes that are started afresh count the parts; what goes to them are kinds of tallies and never the questions."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert_same(report(sm.scan(parts(), executor=pool)))
        with pytest.raises(sm.InvalidDataError, match="`amount` must be >= 0") as error:
            sm.deal_size(sm.scan([partial(some, 0), partial(credited, 1)], executor=pool))
        assert "part 1" in error.value.message
        assert error.value.code == "SM-AMT-08"


def credited(at: int) -> sm.DealBook:
    """Return a part with a credit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", sm.SalesMetricsWarning)
        made = some(at).filter(some(at)["outcome"] == "won").to_dict()
        columns = {name: values.tolist() for name, values in made.items()}
        columns["amount"][3] = -5.0
        return sm.read_deals(columns, currency="USD", as_of=DEALS.as_of, process=DEALS.process, allow_negative=True)


def test_a_killed_process_is_a_clear_error_and_never_a_number(tmp_path: Path) -> None:
    """A pool whose worker was killed takes no more parts: the question fails, and a new pool answers it."""
    books = [partial(dying, at, str(tmp_path), 1) for at in range(PARTS)]
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        with pytest.raises(
            sm.WorkerLostError, match="`executor` must count every part; got BrokenProcessPool"
        ) as error:
            report(sm.scan(books, executor=pool))
        assert error.value.code == "SM-SCN-09"
        assert isinstance(error.value, RuntimeError)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        assert_same(report(sm.scan(books, executor=pool)))


# --- executors that fail ---------------------------------------------------------------------------------------------


class Failing(ThreadPoolExecutor):
    """Threads that lose the answers of a part some times, after it was counted."""

    def __init__(self, at: int, often: int) -> None:
        super().__init__(2)
        self.at, self.left, self.seen = at, often, [0] * PARTS

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
        """Return a future that is lost where it is this part's turn."""
        (task,) = given
        self.seen[task.at] += 1
        future = super().submit(work, task)
        if task.at != self.at or not self.left:
            return future
        self.left -= 1
        lost: Future[Any] = Future()
        future.add_done_callback(lambda done: lost.set_exception(ConnectionError("the worker is gone")))
        return lost


def test_a_part_that_was_lost_is_counted_again_and_once() -> None:
    """Where the executor loses an answer, that part alone is asked for once more, and counts once."""
    with Failing(4, 1) as pool:
        assert_same(report(sm.scan(parts(), executor=pool)))
        assert pool.seen == [2 if at == 4 else 1 for at in range(PARTS)]


def test_a_part_that_is_lost_twice_is_an_error() -> None:
    """An executor that loses the same part again has failed."""
    with Failing(4, 2) as pool, pytest.raises(sm.WorkerLostError, match="got ConnectionError for part 4") as error:
        report(sm.scan(parts(), executor=pool))
    assert isinstance(error.value.__cause__, ConnectionError)


def test_an_answer_of_another_part_is_refused() -> None:
    """An executor that mixes up its answers is found out: no part counts for another, or twice."""

    class Mixing(ThreadPoolExecutor):
        def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
            (task,) = given
            return super().submit(work, one_pass.Task(0, task.part, task.plan))

    with Mixing(1) as pool, pytest.raises(sm.WorkerLostError, match="`executor` must count every part"):
        sm.win_rate(sm.scan(parts(), executor=pool))


def test_an_executor_that_takes_no_work_is_an_error() -> None:
    """A pool that was shut down, or something that is no executor, is refused in our words."""
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    for executor in (pool, object()):
        with pytest.raises(sm.WorkerLostError, match="`executor` must count every part"):
            sm.win_rate(sm.scan(parts(), executor=executor))


def test_few_parts_are_under_way_at_a_time() -> None:
    """An executor is given a bounded number of parts, and what was not begun is given up when a part fails."""

    class Counting(ThreadPoolExecutor):
        def __init__(self) -> None:
            super().__init__(1)
            self.open = self.most = 0

        def submit(self, work: Any, /, *given: Any, **named: Any) -> Any:
            self.open += 1
            self.most = max(self.most, self.open)
            future = super().submit(work, *given)
            own = future.result

            def result(timeout: float | None = None) -> Any:
                self.open -= 1
                return own(timeout)

            future.result = result  # type: ignore[method-assign]
            return future

    with Counting() as pool:
        sm.win_rate(sm.scan([DEALS.take(np.arange(10))] * 60, executor=pool))
        assert 1 < pool.most <= one_pass.IN_FLIGHT


# --- a cluster -------------------------------------------------------------------------------------------------------


@pytest.fixture
def client() -> Iterator[Any]:
    """Give a cluster of two worker processes."""
    distributed = pytest.importorskip("distributed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with (
            distributed.LocalCluster(
                n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, protocol="tcp"
            ) as cluster,
            distributed.Client(cluster) as one,
        ):
            yield one


def test_a_cluster_gives_the_same_bits(client: Any, tmp_path: Path) -> None:
    """Two workers of a cluster count the parts; one that is killed on the way is replaced, and no part counts twice."""
    with client.get_executor() as executor:
        assert_same(report(sm.scan(parts(), executor=executor)))
    books = [partial(dying, at, str(tmp_path), 1) for at in range(PARTS)]
    with client.get_executor() as executor:
        assert_same(report(sm.scan(books, executor=executor)))
    assert (tmp_path / "died-0").exists()


def test_a_part_that_kills_every_worker_is_an_error(client: Any, tmp_path: Path) -> None:
    """A part on which worker after worker dies ends in an error that names it."""
    books = [partial(dying, at, str(tmp_path), 50) for at in range(PARTS)]
    with (
        client.get_executor() as executor,
        pytest.raises(sm.WorkerLostError, match="got KilledWorker for part 5"),
    ):
        report(sm.scan(books, executor=executor))
