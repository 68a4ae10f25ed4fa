"""Durable jobs and worker leases; facts written back."""
