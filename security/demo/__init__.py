"""Two accounts of a cloud that change by themselves, for `manage.py demo`."""

from security.demo.play import SecurityDemo

__all__ = ["SecurityDemo"]
