"""The contract of a store: subclass `StoreContract`, override one fixture, run pytest."""

from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest

from pangolin.store.api import Store
from pangolin.testing.store_contract_batches import BatchContract, RequireContract
from pangolin.testing.store_contract_durable import DurableContract, SetupContract
from pangolin.testing.store_contract_indexes import IndexContract
from pangolin.testing.store_contract_kinds import KINDS
from pangolin.testing.store_contract_model import ModelContract
from pangolin.testing.store_contract_pages import PageContract
from pangolin.testing.store_contract_races import RaceContract
from pangolin.testing.store_contract_text import ValueContract


class StoreContract(
    ValueContract,
    BatchContract,
    RequireContract,
    IndexContract,
    PageContract,
    SetupContract,
    RaceContract,
    DurableContract,
    ModelContract,
):
    """What every store must do.

    Override the fixture `open_store`: a callable that opens a store on one backend that is empty at
    the start of each test; every call opens another store on that same backend. It must survive
    pickling (`functools.partial` over a function of a module does), because one test opens a store
    in another process. Set `durable = False` if stores share no backend, and `examples` to the
    number of random histories that are compared with a dict.
    """

    durable: ClassVar[bool] = True

    @pytest.fixture
    def open_store(self) -> Callable[[], Store]:
        """Override: return a callable that opens a store."""
        raise NotImplementedError("override the fixture open_store")

    @pytest.fixture
    def store(self, open_store: Callable[[], Store]) -> Iterator[Store]:
        """Open a store that is set up."""
        store = open_store()
        store.setup(KINDS)
        yield store
        store.close()
