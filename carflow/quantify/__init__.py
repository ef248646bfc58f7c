"""Counts to percentages, absolute counts, limits and intervals."""
