"""Reading pages: what kind of document a page is, and what stands on it. A process of its own (`protocol.reading`)."""
