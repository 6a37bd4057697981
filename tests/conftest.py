"""For all tests: property tests without a stopwatch, since these run on busy machines; and a PC/SC of their own."""

import os
import shutil
import tempfile

from hypothesis import HealthCheck, settings

settings.register_profile("bangban", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bangban")

_PCSC = tempfile.mkdtemp(prefix="pcsc-")
# libpcsclite reads it at a process's first PC/SC call, whichever test makes that, and never again: so it is said before
# any of them. Nobody listens there until a test starts a daemon, and no test ever meets the machine's own.
os.environ["PCSCLITE_CSOCK_NAME"] = f"{_PCSC}/s"


def pytest_unconfigure() -> None:
    shutil.rmtree(_PCSC, ignore_errors=True)
