"""Step 1: find the jobs that a drop completes, check and price their media, start one execution each."""
