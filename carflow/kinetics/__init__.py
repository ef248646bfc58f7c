"""Curves over days: non-compartmental parameters and the day of the peak."""
