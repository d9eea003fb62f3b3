"""What the pages name exists: files, headings, settings, commands, endpoints, examples."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from docs.generators.endpoints import APIS, operations
from pangolin.cli import main
from pangolin.settings import PREFIX, Settings
from tests.docs.pages import DOCS, ROOT, anchors, every_page, links

PAGES = pytest.mark.parametrize(
    "path", every_page(), ids=lambda path: str(path.relative_to(ROOT)).replace("/", ":")
)
ENDPOINT = re.compile(r"`(GET|HEAD|POST|PUT|DELETE) (/[^`?\s]*)")


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
    known = {
        (method, re.sub(r"{\w+}", "{}", route))
        for api in APIS
        for method, route, _ in operations(api)
    }
    for method, route in ENDPOINT.findall(path.read_text()):
        if not route.startswith("/api/v1/x/"):
            assert (method, re.sub(r"{\w+}", "{}", route)) in known, f"{method} {route}"


@PAGES
def test_no_page_speaks_of_a_machine_of_ours(path: Path) -> None:
    assert not re.search(r"/work/|/opt/pvenv|/root/", path.read_text())
