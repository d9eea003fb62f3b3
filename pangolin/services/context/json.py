"""The type of the JSON objects that services return."""

from typing import Any

Json = dict[str, Any]
