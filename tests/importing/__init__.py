"""Importing people, without a page."""
