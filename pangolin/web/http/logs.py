"""Log lines to stderr, as text or JSON, each with the id of its request."""

import json
import logging
import sys
import time
from datetime import UTC, datetime
from typing import Final

from flask import g, has_request_context

from pangolin.services.context.redaction import redacted
from pangolin.settings import Settings, unknown_variables

log = logging.getLogger(__name__)
# At DEBUG these log whole answers of token services, including keys and session tokens.
SDKS: Final = ("azure", "boto3", "botocore", "google", "msal", "s3transfer", "urllib3")
TEXT: Final = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"


class _Redacting(logging.Filter):
    """Removes what looks like a secret from a record: its text, its fields and its traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = _message(record)
        plain = redacted(message)
        if plain != message:
            record.msg, record.args = plain, None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = redacted(record.exc_text or "") or None
        record.stack_info = redacted(record.stack_info or "") or None
        if hasattr(record, "fields"):
            record.fields = {name: _plain(value) for name, value in record.fields.items()}
        return True


class _RequestId(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        if hasattr(record, "request_id"):
            return True
        record.request_id = g.get("request_id", "-") if has_request_context() else "-"
        return True


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "fields", {}),
        }
        if record.exc_text:
            line["traceback"] = record.exc_text
        return json.dumps(line, default=str)


class _Text(logging.Formatter):
    _second = (0, "")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802 - logging's name
        # A busy server writes thousands of lines with the same second.
        second, text = self._second
        if second != int(record.created):
            second = int(record.created)
            text = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
            self._second = (second, text)
        return f"{text},{int(record.msecs):03}"


def configure(settings: Settings) -> None:
    """Send all logs of this process to stderr as configured; replaces the existing handlers.

    Nothing that looks like a secret gets through, and SDKs log nothing below INFO.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_RequestId())
    handler.addFilter(_Redacting())
    handler.setFormatter(_Json() if settings.log_format == "json" else _Text(TEXT))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    for name in SDKS:
        # Their children have no level of their own and inherit this one.
        logging.getLogger(name).setLevel(max(logging.INFO, root.level))


def warn_unknown_variables() -> None:
    """Log each variable of the environment that is named like a setting but is not one."""
    for unknown in unknown_variables():
        log.warning("%s", unknown)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:
        # Otherwise the arguments would be printed unredacted.
        record.msg = f"a message of {record.name} does not match its arguments"
        record.args = None
        return record.msg


def _plain(value: object) -> object:
    return redacted(value) if isinstance(value, str) else value
