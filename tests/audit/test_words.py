"""The audit log's words: each is emitted by something, and plain."""

import re
from pathlib import Path

import pytest

import pangolin
from pangolin.services.audit.vocabulary import ACTIONS, RESOURCE_TYPES, AuditAction

SERVICES = Path(pangolin.__file__).parent / "services"
SOURCES = [
    path.read_text()
    for path in sorted(SERVICES.rglob("*.py"))
    if path.name != "vocabulary.py" and path != SERVICES / "context" / "resource.py"
]
# Verbs that are put together with the type of what they are done to.
COMPOSED = re.compile(r'AuditAction\(f"([a-z]+)_\{[^}]*type\b')


def is_emitted(action: AuditAction) -> bool:
    verb, _, _ = action.partition("_")
    return any(
        f"AuditAction.{action.name}" in source or verb in COMPOSED.findall(source)
        for source in SOURCES
    )


@pytest.mark.parametrize("action", ACTIONS)
def test_every_word_is_emitted_by_something(action: AuditAction) -> None:
    assert is_emitted(action)


@pytest.mark.parametrize("word", RESOURCE_TYPES)
def test_every_type_of_resource_is_used(word: str) -> None:
    assert any(f'"{word}"' in source for source in SOURCES)


def test_words_are_plain() -> None:
    for word in (*ACTIONS, *RESOURCE_TYPES):
        assert re.fullmatch("[a-z]+([_-][a-z]+)*", word)
    assert len(set(ACTIONS)) == len(ACTIONS)
    assert len(set(RESOURCE_TYPES)) == len(RESOURCE_TYPES)
