"""Read JSON-LD with contexts pinned by hash, and give blank nodes stable names."""
