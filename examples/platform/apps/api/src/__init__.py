"""The back end of the notes."""
