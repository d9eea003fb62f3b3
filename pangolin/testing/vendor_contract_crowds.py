"""That a vendor works with threads and after a fork, and passes its own self-test."""

import multiprocessing
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Final

import pytest

from pangolin.interfaces.credential_vending import CredentialVendor, Vended
from pangolin.interfaces.object_storage import ObjectStore
from pangolin.testing.vendor_contract_place import (
    FILE,
    Lender,
    Place,
    assert_opens,
    assert_unread,
    everything,
)

THREADS: Final = 8
WAIT_S: Final = 60.0


class CrowdContract:
    """Many callers at once, a process of its own, and a self-test."""

    def test_eight_callers_at_once_get_each_their_own(self, lender: Lender, place: Place) -> None:
        start = threading.Barrier(THREADS)
        directories = [f"{place.parent}/crowd-{number}" for number in range(THREADS)]

        def vend(directory: str) -> Vended:
            start.wait(WAIT_S)
            return lender.vend(everything(directory))

        with ThreadPoolExecutor(THREADS) as threads:
            vended = list(threads.map(vend, directories))
        for directory, each in zip(directories, vended, strict=True):
            store = lender.open_for(each)
            store.put(f"{directory}/{FILE}", b"data")
            assert_opens(store, directory)
        assert_unread(lender.open_for(vended[0]), directories[1])

    @pytest.mark.skipif(
        "fork" not in multiprocessing.get_all_start_methods(), reason="this platform has no fork"
    )
    def test_it_vends_in_a_process_that_was_forked_after_it_had_vended(
        self, lender: Lender, place: Place
    ) -> None:
        lender.vend(everything(place.table))
        assert_opens(lender.open_for(_vended_by_a_child(lender, place)), place.table)

    def test_its_self_test_of_a_good_warehouse_fails_nowhere(
        self, vendor: CredentialVendor, lender: Lender, owner: ObjectStore, place: Place
    ) -> None:
        probe = f"{place.parent}/probe"
        checks = list(vendor.check(lender.warehouse, probe))
        assert [check for check in checks if check.result not in ("passed", "skipped")] == []
        assert "passed" in {check.result for check in checks}
        assert list(owner.list(probe)) == []


def _vended_by_a_child(lender: Lender, place: Place) -> Vended:
    ours, theirs = multiprocessing.Pipe(duplex=False)
    child = multiprocessing.get_context("fork").Process(target=_vend, args=(lender, place, theirs))
    with warnings.catch_warnings():
        # Python warns of forks beside threads: that is what this tests, and what servers do.
        warnings.simplefilter("ignore", DeprecationWarning)
        child.start()
    # With our end closed, a child that fails is noticed at once.
    theirs.close()
    try:
        assert ours.poll(WAIT_S), "the child returned no credential"
        config, expires_at_ms = ours.recv()
    finally:
        ours.close()
        child.kill()
        child.join()
    return Vended(config, expires_at_ms)


def _vend(lender: Lender, place: Place, answer: Connection) -> None:
    vended = lender.vend(everything(place.table))
    answer.send((dict(vended.config), vended.expires_at_ms))
