"""What booth, center and pages say to each other: messages, states, limits, error codes.

Pure: no I/O, no clock. Imports the standard library and msgspec only.
"""

PROTOCOL_VERSION = 2
"""Version of the link's frames. A peer of another version is refused with `protocol_version`."""
