"""Client of Segmind's API: one attempt per request, every response mapped to one of our outcomes."""
