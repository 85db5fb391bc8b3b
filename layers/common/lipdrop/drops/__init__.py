"""Uploads to the drop bucket: which video and voice belong together, manifests, options, refusals."""
