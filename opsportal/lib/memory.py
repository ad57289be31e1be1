"""The cycle collector's pace in processes that work through batches."""

import gc

# A batch makes ten thousands of objects, none of them in a cycle. At Python's usual pace the
# collector looks through them again and again, which costs a fifth of what routing does.
_YOUNG, _MIDDLE, _OLD = 50_000, 20, 20


def calm_collector() -> None:
    """Collect seldom, and never look at what was there from the start; call it once all is up."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
