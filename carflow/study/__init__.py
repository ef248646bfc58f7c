"""The sample sheet: subjects, visits, tubes, treatments, blood counts, beads, qPCR."""
