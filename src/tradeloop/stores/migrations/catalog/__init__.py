"""Revisions of the catalog."""
