"""Results as text, Markdown and JSON; nothing else in ftx prints."""
