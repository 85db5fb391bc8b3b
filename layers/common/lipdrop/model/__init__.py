"""What all packages share: the job, the outputs of the steps, the error codes, redaction of secrets."""
