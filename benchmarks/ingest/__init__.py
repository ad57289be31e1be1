"""How fast alerts go in, beside the barest server that could take them, in the same run.

`make bench` runs `python -m benchmarks.ingest`; --help has the options. Needs wrk.
"""
