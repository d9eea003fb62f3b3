"""What belongs to another tenant is answered exactly like what does not exist, in every route."""

import re
from pathlib import Path
from typing import Any

import pytest

from pangolin.services.context.well_known import DEFAULT_TENANT
from tests.matrix.asking import ask_with
from tests.matrix.rows import ROWS, Row
from tests.matrix.world import World, build

HEXADECIMAL = re.compile(r"[0-9a-f-]{16,36}")
# What rows name besides the parameters of their paths.
NAMED = frozenset({"w", "lake", "empty", "default", "bare", "t", "v", "m", "dev", "t1"})
# Names that are somebody's own to choose, in the tenant that asks.
OWN = frozenset({"new", "fresh", "moved"})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One world for all; each request begins with its records as they were made."""
    return build(Path(tmp_path_factory.mktemp("apart")))


def other(text: str) -> str:
    """Return a name of the same form that nothing has."""
    if HEXADECIMAL.fullmatch(text):
        return "".join(each if each == "-" else f"{(int(each, 16) + 5) % 16:x}" for each in text)
    return f"{text}x"


def swapped(world: World, value: Any) -> Any:
    """Put names that nothing has for those that the other tenant's things have."""
    if isinstance(value, dict):
        return {key: swapped(world, each) for key, each in value.items()}
    if isinstance(value, list):
        return [swapped(world, each) for each in value]
    known = NAMED | set(world.names.values()) | set(world.more.values())
    # A credential is not a name: anyone who has it is who it says.
    known -= OWN | {world.more["api_key"]}
    return other(value) if isinstance(value, str) and value in known else value


def said(world: World, text: str) -> str:
    """Bring both ways of asking to one wording."""
    for name in sorted({*world.names.values(), *world.more.values(), *NAMED}, key=len):
        text = re.sub(rf"(?<![\w.-]){re.escape(other(name))}(?![\w-])", name, text)
    return text


def asked(world: World, route: str, row: Row, *, real: bool) -> tuple[int, str]:
    """Ask as the admin of the other tenant, with the names there are or with others."""
    world.restore()
    change = (lambda value: value) if real else (lambda value: swapped(world, value))
    answer = ask_with(world, route, row, "foreign", change)
    return answer.status_code, said(world, answer.get_data(as_text=True))


@pytest.mark.parametrize("route", sorted(ROWS))
def test_a_foreign_name_is_answered_like_one_that_does_not_exist(filled: World, route: str) -> None:
    status, text = asked(filled, route, ROWS[route], real=True)
    expected, wording = asked(filled, route, ROWS[route], real=False)
    assert status == expected
    if status >= 300:
        assert text == wording


@pytest.mark.parametrize("route", sorted(ROWS))
def test_no_answer_to_a_foreign_admin_shows_anything_of_this_tenant(
    filled: World, route: str
) -> None:
    filled.restore()
    answer = ask_with(filled, route, ROWS[route], "foreign", lambda value: value)
    text = answer.get_data(as_text=True)
    if answer.status_code < 300:
        secrets = {filled.names[name] for name in ("asset_id", "role_id", "service", "jti")}
        secrets |= {"id-spare", "id-reader", filled.root}
        told = {"fresh"} & set(re.findall(r"\w+", str(ROWS[route].body)))
        assert not [each for each in secrets if each in text and not told]
        assert DEFAULT_TENANT not in text or route.startswith("POST /api/v1/users/login")
