"""carflow."""
