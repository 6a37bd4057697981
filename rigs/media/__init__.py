"""A cheap load for media servers: real ICE, DTLS and SRTP, but packets that were encoded once and are sent again and
again. Generator and sinks are processes of their own, so that a measured server has a core."""
