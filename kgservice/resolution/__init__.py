"""Request and candidates in, ranked compositions or reasons out; pure."""
