"""`python -m kgservice` is `kg`."""

from kgservice.cli.main import main

if __name__ == "__main__":
    main()
