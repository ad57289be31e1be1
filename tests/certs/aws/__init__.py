"""Certificates in AWS: on moto over HTTP, and on answers that a test makes up."""
