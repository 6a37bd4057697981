"""The booth process: devices, pages, the link to the center, and the kiosk's local page."""
