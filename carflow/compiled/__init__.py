"""The compiled part of carflow, without which everything goes on, slower."""
