"""One module per generated page of docs/reference; each has `page() -> str`."""
