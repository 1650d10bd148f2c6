"""Outbound provisioning, against applications that others wrote and a second instance of ours."""
