"""The words of the log: what services record is in the list that a filter is checked against."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pangolin
from pangolin.services.audit.vocabulary import ACTIONS, RESOURCE_TYPES

SOURCES = Path(pangolin.__file__).parent
WRITERS = {"commit", "commit_system", "commit_home", "note", "note_on", "on", "appending"}
MODULES = {"changes", "audit"}


def calls() -> Iterator[ast.Call]:
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                yield node


def name_of(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
        return f"{call.func.value.id}.{call.func.attr}"
    return call.func.id if isinstance(call.func, ast.Name) else ""


def words(call: ast.Call, at: int) -> list[str]:
    given = call.args[at : at + 1]
    return [str(each.value) for each in given if isinstance(each, ast.Constant) and each.value]


def is_writer(call: ast.Call) -> bool:
    module, _, name = name_of(call).partition(".")
    return module in MODULES and name in WRITERS


def test_every_action_that_is_recorded_is_a_known_word() -> None:
    found = [call for call in calls() if is_writer(call)]
    written = {
        word
        for call in found
        for at in ((2,) if name_of(call).endswith(("note_on", ".on")) else (1,))
        for word in words(call, at)
    }
    happenings = {
        word for call in calls() if name_of(call) == "AuditEvent" for word in words(call, 0)
    }
    assert len(written) > 10
    assert written | happenings <= set(ACTIONS)


def test_every_type_of_resource_is_a_known_word() -> None:
    found = {word for call in calls() if name_of(call) == "Resource" for word in words(call, 0)}
    assert len(found) > 5
    assert found <= set(RESOURCE_TYPES)


def test_words_are_plain() -> None:
    for word in (*ACTIONS, *RESOURCE_TYPES):
        assert re.fullmatch("[a-z]+([_-][a-z]+)*", word)
    assert len(set(ACTIONS)) == len(ACTIONS)
    assert len(set(RESOURCE_TYPES)) == len(RESOURCE_TYPES)
