"""Step 3: ask once for the status of a request, and say how long to wait before asking again."""
