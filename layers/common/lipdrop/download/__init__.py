"""Download from hosts that are not trusted: SSRF guard, no redirects, proof that the body is complete."""
