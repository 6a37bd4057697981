"""Measurements. Each writes JSON under `var/bench/`; `docs/benchmarks.md` says what the figures mean."""
