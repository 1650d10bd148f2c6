"""Tests of who is signed in, how one comes to be, and how it ends."""
