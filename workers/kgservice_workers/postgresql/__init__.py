"""The PostgreSQL worker: databases in clusters that the provider runs."""
