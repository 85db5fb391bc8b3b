"""Lipdrop's domain: plain Python, typed, without Lambda, environment or globals."""
