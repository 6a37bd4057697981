"""Forgetting, down to the process's memory.

That nothing refers to a card's data any more is the core's business (`Wipe`). But what CPython frees stays in memory as
it was until something else is written there, and a memory image taken hours later would still hold it. So the booth
runs on the C library's allocator, told to overwrite what is freed at once:

- `PYTHONMALLOC=malloc`: every Python object is a block of the C library, not a piece of an arena of Python's;
- `glibc.malloc.perturb`: a freed block is overwritten before it can be used again;
- `glibc.malloc.tcache_count=0`: without this, small freed blocks would be kept aside as they were.

The C library reads this when a program starts, so `run` starts itself again with it, in the same process.

What this can't do: glibc leaves the last eight bytes of a freed block alone; a stack's old frames are not blocks;
a signature that the center has not acknowledged yet is still needed, and waits in memory until it is or the process
ends; pages swapped to disk are the machine's business (docs/operating.md). With another C library than glibc only the
first point of the core's holds.
"""

import gc
import os
import resource
import sys
from collections.abc import Callable, Mapping

TUNABLES = {"glibc.malloc.perturb": "165", "glibc.malloc.tcache_count": "0"}


def overwriting(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which a program overwrites what it frees; other tunables stay."""
    others = [
        one for one in environment.get("GLIBC_TUNABLES", "").split(":") if one and one.split("=")[0] not in TUNABLES
    ]
    ours = [f"{name}={value}" for name, value in TUNABLES.items()]
    return {**environment, "PYTHONMALLOC": "malloc", "GLIBC_TUNABLES": ":".join([*others, *ours])}


def is_overwriting(environment: Mapping[str, str]) -> bool:
    return dict(environment) == overwriting(environment)


def overwrite_what_is_freed(execute: Callable[[str, list[str], dict[str, str]], object] = os.execve) -> None:
    """Start this program again, in the same process, unless its memory is overwritten already; and leave no core dump.

    Nothing may be open yet.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not is_overwriting(os.environ):
        sys.stdout.flush()
        sys.stderr.flush()
        execute(sys.executable, [sys.executable, *sys.orig_argv[1:]], overwriting(os.environ))


def collect() -> None:
    """Free what refers only to itself: exceptions with their frames, finished tasks."""
    gc.collect()
