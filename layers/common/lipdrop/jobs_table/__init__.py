"""The Jobs table (DynamoDB): the idempotency record of each job, and the concurrency limiter they share."""
