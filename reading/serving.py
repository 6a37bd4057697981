"""One request, one answer: whatever is sent, the process goes on, and nothing of a page comes into an error."""

import time
from datetime import date

from protocol.reading import PageRead, PageUnreadable, ReadPage, Unreadable
from reading.engine import Engine
from reading.page import read_page
from reading.picture import PictureRefused, decode


class Server:
    """Raises ImportError where the libraries that read are not installed."""

    def __init__(self) -> None:
        self._engine = Engine()

    def answer(self, request: ReadPage, today: date) -> PageRead | PageUnreadable:
        """Blocks for as long as the page takes."""
        begun = time.monotonic()
        try:
            reading = read_page(decode(request.image), self._engine, today)
        except PictureRefused as refused:
            return PageUnreadable(request.n, refused.why)
        except MemoryError:
            return PageUnreadable(request.n, Unreadable.NO_MEMORY)
        except Exception:
            # The libraries' errors quote what they worked on, and onnxruntime reports want of memory as its own.
            return PageUnreadable(request.n, Unreadable.FAILED)
        return PageRead(request.n, reading, round((time.monotonic() - begun) * 1000))
