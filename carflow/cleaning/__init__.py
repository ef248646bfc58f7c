"""Which events to believe: masks over events; nothing is cut."""
