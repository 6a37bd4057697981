"""The center's only modules that touch private names of aiortc, aioice and pylibsrtp. A contract test fails when one
changes.

`sockets` stands for asyncio's datagram transport, `srtp` for pylibsrtp's copying calls, `path` for aiortc's way of a
packet, `sections` for its receiver and sender; `connection` puts them together.
"""

AIORTC_VERSION = "1.16.0"
AIOICE_VERSION = "0.13.0"
PYLIBSRTP_VERSION = "1.0.0"
