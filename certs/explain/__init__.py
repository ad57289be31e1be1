"""Why somebody was, or was not, told of a certificate."""

from certs.explain.explain import Episode, Explanation, Step, explain_certificate

__all__ = ["Episode", "Explanation", "Step", "explain_certificate"]
