"""One module per generated page of docs/reference, each with `page() -> str`; and one picture."""
