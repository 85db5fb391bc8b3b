"""How long to wait: before the next status check, and before the next try while there is no capacity."""
