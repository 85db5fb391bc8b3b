"""Chaos campaign: faults in every component at once, on the real template; invariants checked per job."""
