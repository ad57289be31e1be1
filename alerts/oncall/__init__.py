"""Who is on call: computed from schedules, never stored.

`plan.py` holds a schedule as plain values, `shifts.py` computes from it, `load.py` reads it from
the database, `ical.py` reads and writes calendars.
"""
