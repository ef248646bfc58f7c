"""Bytes to Acquisition and back: HEADER, TEXT, DATA, spillover, volume, writer."""
