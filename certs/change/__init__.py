"""What people and keys configure is changed here, by pages, API and files alike."""

from certs.change.sources import confirm_absence, delete_source, look_now, save_source, source_state

__all__ = ["confirm_absence", "delete_source", "look_now", "save_source", "source_state"]
