"""For all tests: property tests without a stopwatch, since these run on busy machines."""

from hypothesis import HealthCheck, settings

settings.register_profile("bangban", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("bangban")
