"""304: the tag of an answer with credentials says until when the client may go on with it."""

import re
import time

import pytest

from pangolin.services.context.runtime import Runtime
from pangolin.services.credentials.cache import CREDENTIALS
from tests.credentials.conftest import ASK, SIGN, Call, made
from tests.credentials.test_loading import Person, Table
from tests.credentials.vendor import CountingVendor
from tests.samples import TABLES

HALF = re.compile(r'"[0-9a-f]{32}-([0-9a-f]+)"')


def tag_of(call: Call, **more: str) -> str:
    """Load the table; return its tag."""
    answer = call("GET", f"{TABLES}/t", **more)
    made(answer)
    return str(answer.headers["ETag"])


def test_the_same_client_is_told_that_nothing_has_changed(call: Call, table: Table) -> None:
    answer = call("GET", f"{TABLES}/t", If_None_Match=tag_of(call, **ASK), **ASK)
    assert answer.status_code == 304
    assert answer.headers["ETag"]


def test_the_tag_ends_at_half_of_the_credentials_life(call: Call, table: Table) -> None:
    found = HALF.fullmatch(tag_of(call, **ASK))
    assert found is not None
    left_s = int(found[1], 16) / 1000 - time.time()
    assert 1790 < left_s <= 1800


def test_no_304_outlives_half_of_the_credentials_life(
    call: Call, table: Table, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = tag_of(call, **ASK)
    later = time.time_ns() // 1_000_000 + 1_801_000
    object.__setattr__(runtime, "clock", lambda: later)
    answer = call("GET", f"{TABLES}/t", If_None_Match=tag, **ASK)
    assert answer.status_code == 200


@pytest.mark.parametrize("seconds", [-1, 3_700])
def test_a_tag_of_another_time_is_not_believed(call: Call, table: Table, seconds: int) -> None:
    ends = int((time.time() + seconds) * 1000)
    forged = tag_of(call, **ASK).partition("-")[0] + f'-{ends:x}"'
    answer = call("GET", f"{TABLES}/t", If_None_Match=forged, **ASK)
    assert answer.status_code == 200


def test_any_tag_says_nothing_about_a_credential(call: Call, table: Table) -> None:
    assert call("GET", f"{TABLES}/t", If_None_Match="*").status_code == 304
    assert call("GET", f"{TABLES}/t", If_None_Match="*", **ASK).status_code == 200


def test_who_asks_in_another_way_has_another_tag(call: Call, table: Table) -> None:
    tags = [tag_of(call), tag_of(call, **ASK), tag_of(call, **SIGN)]
    assert len(set(tags)) == 3
    for tag in tags[:1]:
        assert call("GET", f"{TABLES}/t", If_None_Match=tag, **ASK).status_code == 200


def test_another_privilege_is_another_answer(call: Call, table: Table, person: Person) -> None:
    by = person("reader", "read")
    tag = tag_of(call, **ASK)
    answer = call("GET", f"{TABLES}/t", by=by, If_None_Match=tag, **ASK)
    assert answer.status_code == 200


def test_a_304_mints_nothing(
    call: Call, table: Table, vendor: CountingVendor, runtime: Runtime
) -> None:
    tag = tag_of(call, **ASK)
    # As on another worker, which has no credential.
    runtime.part(CREDENTIALS).__init__()  # type: ignore[misc]
    assert call("GET", f"{TABLES}/t", If_None_Match=tag, **ASK).status_code == 304
    assert len(vendor.grants) == 1
