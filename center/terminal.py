"""How the commands end: with what they did, or with one clear line."""

from collections.abc import Callable
from typing import TypeVar

import typer

from center.errors import ConfigError, StoreError

T = TypeVar("T")


def or_give_up(work: Callable[[], T]) -> T:
    """What `work` returns. A `ConfigError` ends the program with 2, a `StoreError` with 1, and one line each."""
    try:
        return work()
    except ConfigError as error:
        typer.echo(" ".join(str(error).split()), err=True)
        raise typer.Exit(2) from None
    except StoreError as error:
        typer.echo(" ".join(str(error).split()), err=True)
        raise typer.Exit(1) from None
