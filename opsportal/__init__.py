"""The project package of the operations portal."""
