"""Whole walks through the running product: real server processes, real peers, a real browser."""
