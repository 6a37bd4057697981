"""Documents: finding pages, making them, reading them. One module a part; `DATA=FOLDER` adds other photographs."""

from typing import Any

from bench import documents_find, documents_page, documents_read


def measure() -> dict[str, Any]:
    """Each part under its own name; what a part measures is in its module."""
    return {"find": documents_find.measure(), "page": documents_page.measure(), "read": documents_read.measure()}
