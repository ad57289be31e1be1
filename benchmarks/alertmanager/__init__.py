"""Alertmanager's API of the portal beside Debian's Alertmanager, in the same run.

`python -m benchmarks.alertmanager`; --help has the options. Needs prometheus-alertmanager and wrk.
"""
