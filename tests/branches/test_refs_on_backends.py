"""The property test on refs, on every kind of database."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from pangolin.registry import Registry
from pangolin.settings import Settings
from tests.branches.test_refs_property import Refs
from tests.examples import examples
from tests.servers.stores import STORES, database


@pytest.mark.parametrize("name", STORES)
def test_every_ref_shows_what_the_model_shows(name: str) -> None:
    with database(name) as running:
        store = Registry(Settings()).open_store(running.new_url())
        try:
            run_state_machine_as_test(
                lambda: Refs(store),  # type: ignore[arg-type]  # a factory will do
                settings=settings(
                    examples(12),
                    stateful_step_count=25,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            store.close()
