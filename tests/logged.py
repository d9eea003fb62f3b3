"""What the process of a test logs."""

import logging
from collections.abc import Callable, Iterator

import pytest

from pangolin.web.http import logs

Read = Callable[[], str]


@pytest.fixture
def logged(capsys: pytest.CaptureFixture[str]) -> Iterator[Read]:
    """Return a function that reads what was logged; the process's logging is restored after."""
    loggers = [logging.getLogger(name) for name in ("", *logs.SDKS)]
    levels, handlers = [each.level for each in loggers], loggers[0].handlers[:]
    yield lambda: capsys.readouterr().err
    loggers[0].handlers[:] = handlers
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)
