"""Pictures of a booth's desk, drawn as a camera sees it, with exact corners; and how findings are measured."""
