"""Tests of the one write path: what it changes, refuses, writes down and owes."""
