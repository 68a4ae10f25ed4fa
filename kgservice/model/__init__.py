"""Domain values that every room shares: RDF terms, the vocabulary, money, time, errors, settings.

This room does no I/O and imports nothing of the product.
"""
