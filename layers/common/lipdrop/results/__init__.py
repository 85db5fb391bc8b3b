"""Results: a parallel ranged copy from Segmind to the results bucket, verified before it becomes visible."""
