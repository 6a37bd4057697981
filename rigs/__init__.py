"""Hardware that does not exist, for tests and benchmarks: what stands on the far side of a device's wire.

The drivers under test are the real ones. No program of ours imports this; what it holds is invented.
"""
