"""Every seam broken at once, on the real template: what must still be true of each job, and whether it is."""
