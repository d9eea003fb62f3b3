"""The application to compare with: it reads the body and sends back bytes it was given."""

import pickle
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from pangolin.cli.gunicorn import Gunicorn
from pangolin.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Canned = tuple[str, list[tuple[str, str]], bytes]


class Bare(Gunicorn):
    """Gunicorn as Pangolin configures it, without Pangolin."""

    def __init__(self, settings: Settings, answers: Path) -> None:
        self._settings = settings
        self._answers = answers
        self._metrics = "/nonexistent"
        self._in_memory = False
        BaseApplication.__init__(self)

    def _announce(self, arbiter: Any) -> None:
        return None

    def load(self) -> Any:
        """Build the application; answers are read when first asked for, by case."""
        return BareApp(self._answers)


class BareApp:
    """Answer a request of the case that `X-Case` names."""

    def __init__(self, answers: Path) -> None:
        self._answers = answers
        self._known: dict[str, Canned] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        case = environ.get("HTTP_X_CASE", "")
        if environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"].read()
        if case not in self._known:
            path = self._answers / case
            empty: Canned = ("204 No Content", [], b"")
            self._known[case] = pickle.loads(path.read_bytes()) if case else empty
        status, headers, body = self._known[case]
        start_response(status, headers)
        return [body]


if __name__ == "__main__":
    port, workers, threads = map(int, sys.argv[1:4])
    chosen = Settings(port=port, workers=workers, threads=threads)
    Bare(chosen, Path(sys.argv[4])).run()
