"""Collecting beside a plain loop of boto3, and Cloud Custodian where it is installed."""
