"""What tests ask of an answer before they read it."""

from typing import Any

from werkzeug.test import TestResponse


def made(answer: TestResponse, status: int = 201) -> Any:
    """Check an answer's status, by default that something was created, and return its body."""
    assert answer.status_code == status, answer.text
    return answer.get_json()


def message(answer: TestResponse, status: int) -> str:
    """Check that an answer is an error of this status, and return its message."""
    error = made(answer, status)["error"]
    assert error["code"] == status
    return str(error["message"])
