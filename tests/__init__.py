"""The tests: one folder for each room, whole walks in flows/, real peers in counterparts/."""
