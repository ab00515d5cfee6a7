"""`python -m bot` is the same as `curatorbot`."""

from bot.cli.main import main

main()
