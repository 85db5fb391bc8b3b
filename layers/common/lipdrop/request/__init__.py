"""Step 2: send the one POST of a job, behind a concurrency limiter and an idempotency record."""
