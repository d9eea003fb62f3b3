"""Write the pages and the picture that are generated from the code: `python -m docs.generate`."""

from collections.abc import Callable
from pathlib import Path

from docs.generators import (
    architecture,
    backends,
    commands,
    endpoints,
    errors,
    hooks,
    object_stores,
    permissions,
    settings,
)

REFERENCE = Path(__file__).parent / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "backends.md": backends.page,
    "commands.md": commands.page,
    "endpoints.md": endpoints.page,
    "errors.md": errors.page,
    "hooks.md": hooks.page,
    "object-stores.md": object_stores.page,
    "permissions.md": permissions.page,
    "settings.md": settings.page,
}


def main() -> None:
    """Write every page of docs/reference, and the picture of the architecture."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(f"docs/reference/{name}")
    architecture.PICTURE.write_text(architecture.picture(), encoding="utf-8")
    print("docs/explanation/architecture.svg")


if __name__ == "__main__":
    main()
