"""The one value that holds everything a run found, its rows, and its JSON form."""
