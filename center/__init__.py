"""The center process: queue, sessions, cases, media forwarding, the store and the counter's page."""
