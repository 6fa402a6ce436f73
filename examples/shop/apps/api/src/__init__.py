"""The back end of the example shop."""
