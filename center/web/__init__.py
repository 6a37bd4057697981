"""The center's HTTP: the booths' links and pages, the counters' page, feed and actions. One module per resource."""
