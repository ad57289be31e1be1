"""Remediations: what a rule may have done about an alert, each with brakes of its own.

Here and nowhere else may a call change something in a cloud: `tests/opsportal/test_cloud_calls.py`
holds it. To add one: copy the nearest file here, name it in settings.REMEDIATIONS, give it a test
file and a row in docs/remediation.md.
"""
