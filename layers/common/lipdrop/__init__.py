"""Lipdrop's domain: typed Python without Lambda or globals; only `config` reads the environment.

A job passes four steps, each the work of one Lambda function and independent of the others:

    submit -> request -> check_status -> finalize

They use the things (`drops`, `media`, `segmind`, `jobs_table`, `timing`, `results`, `download`, `notify`),
which use `config`, which uses `model`. Imports never run the other way: `make check` enforces it.
"""

__version__ = "0.1.0"
