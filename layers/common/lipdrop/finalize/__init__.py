"""Step 4: decide how a job ended, store its verified result, close its record, publish one notification."""
