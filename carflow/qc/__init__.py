"""Checks of tubes, batch and study on summaries; findings and the verdict."""
