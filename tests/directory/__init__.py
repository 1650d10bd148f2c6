"""Tests of the directory: values, attributes, what is clean, and what can be read how."""
