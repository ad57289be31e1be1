"""The brakes of everything dangerous: plan, approval, locks, caps, journal, kill switch.

It knows no app that uses it. An app brings executors (`opsportal/safety/plugins.py`) and walks an
operation through the deeds: `plan_operation` → `approve_operation` → `execute_operation` →
`score_operation`.
"""
