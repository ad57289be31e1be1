"""Amazon Web Services as a source: what is stored there, and what listens there. Reads only."""
