"""What lies on disk of a measurement, and whether it is as it was written and what was asked for."""
