"""What the pages name exists: files, headings, settings, commands, endpoints, examples."""

import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from docs.generators.endpoints import APIS, operations
from docs.generators.markdown import NOTICE
from pangolin.cli import main
from pangolin.settings import PREFIX, Settings
from pangolin.store import kinds
from tests.docs.pages import DOCS, ROOT, anchors, every_page, links

PAGES = pytest.mark.parametrize(
    "path", every_page(), ids=lambda path: str(path.relative_to(ROOT)).replace("/", ":")
)
ENDPOINT = re.compile(r"`(GET|HEAD|POST|PUT|DELETE) (/[^`?\s]*)")
ADDRESS = re.compile(r"`(?:[A-Z]+ )?(/[^`?\s]+)")
MISSING = re.compile(r"not (?:yet )?(?:a )?part of this release|not (?:there |supported )?yet")
PHRASES = ("for ever", "is told in", "is no admin", "what may pass")
SENTENCE = re.compile(r"(?<=[.:;])\s+|\n\n|\n(?=[-|#]|\d+\. )")
SOURCE = re.compile(r"`((?:pangolin|plugins|docs)/[\w./-]*\w/?)`")


@PAGES
def test_every_link_leads_to_a_file_and_a_heading(path: Path) -> None:
    for target, anchor in links(path):
        assert target.exists(), target
        assert not anchor or anchor in anchors(target), f"{target}#{anchor}"


def test_every_page_is_reached_from_the_index() -> None:
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        path = waiting.pop()
        if path not in reached and path.suffix == ".md":
            reached.add(path)
            waiting += [page for target, _ in links(path) for page in _pages(target)]
    assert set(DOCS.rglob("*.md")) <= reached


def _pages(target: Path) -> list[Path]:
    return list(target.glob("*.md")) if target.is_dir() else [target]


@PAGES
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {f"{PREFIX}{item.name.upper()}" for item in fields(Settings)}
    # What begins so is read by tests, not by Pangolin.
    named = set(re.findall(rf"\b{PREFIX}(?!TEST_)[A-Z_]+\b", path.read_text()))
    assert named - {f"{PREFIX}X", PREFIX} <= known


@PAGES
def test_every_command_that_is_named_exists(path: Path) -> None:
    text = path.read_text()
    named = set(re.findall(r"(?:`|/bin/|^)pangolin ([a-z]+)", text, re.MULTILINE))
    assert named <= set(main.commands)


@PAGES
def test_every_endpoint_that_is_named_exists(path: Path) -> None:
    for method, route in ENDPOINT.findall(path.read_text()):
        if not route.startswith("/api/v1/x/"):
            assert (method, plain(route)) in endpoints(), f"{method} {route}"


@cache
def endpoints() -> frozenset[tuple[str, str]]:
    """List the endpoints of both APIs: method and path, without the names of parameters."""
    return frozenset((method, plain(route)) for api in APIS for method, route, _ in operations(api))


def plain(route: str) -> str:
    """Return a path without the names of its parameters."""
    return re.sub(r"{\w+}", "{}", route)


def denied(text: str) -> set[str]:
    """List the endpoints of which a sentence says that this release does not have them."""
    known = {route for _, route in endpoints()}
    return {
        route
        for sentence in SENTENCE.split(text)
        if MISSING.search(" ".join(sentence.split()))
        for route in ADDRESS.findall(sentence)
        if plain(route) in known
    }


@PAGES
def test_no_page_denies_an_endpoint_that_exists(path: Path) -> None:
    assert not denied(path.read_text())


def test_a_page_that_denies_an_endpoint_is_found() -> None:
    false = "The OAuth2 endpoint `/v1/oauth/tokens` is not part\nof this release, so wait."
    assert denied(f"All is well. {false}") == {"/v1/oauth/tokens"}
    assert denied("`GET /v1/config` is not there yet") == {"/v1/config"}
    assert denied("`/v1/merge` is not part of this release. Ask `/v1/config`.") == set()


@PAGES
def test_every_source_file_that_is_named_exists(path: Path) -> None:
    for name in SOURCE.findall(path.read_text()):
        assert (ROOT / name).exists(), name


def test_the_glossary_is_in_alphabetical_order() -> None:
    page = (DOCS / "explanation/glossary.md").read_text()
    terms = re.findall(r"^### (.*)$", page, re.MULTILINE)
    assert len(terms) > 40
    assert terms == sorted(terms, key=str.lower)


def test_the_kinds_that_the_page_of_mongodb_names_exist() -> None:
    page = (ROOT / "plugins/pangolin-mongodb/README.md").read_text()
    table = page.split("| shard key |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row)}
    assert named <= {kind.name for kind in kinds.ALL} | {"pangolin_marker"}


@PAGES
def test_no_page_has_a_phrase_that_plain_english_does_without(path: Path) -> None:
    # Single words are in docs/words.txt; generated pages have the words of the code.
    text = " ".join(path.read_text().split()).lower()
    if NOTICE.lower() not in text:
        assert not [phrase for phrase in PHRASES if re.search(rf"\b{phrase}\b", text)]


@PAGES
def test_no_page_speaks_of_a_machine_of_ours(path: Path) -> None:
    assert not re.search(r"/work/|/opt/pvenv|/root/", path.read_text())
