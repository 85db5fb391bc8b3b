"""Notifications: the message of a job, as JSON and as text for mail, published on the SNS topic."""
