"""Write the pages of docs/reference that say what the code says: `python -m docs.generate`."""

from collections.abc import Callable
from pathlib import Path

from docs.generators import (
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
    """Write every page."""
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
