"""curatorbot: tells a partner's financial curators in time, and lets them top up and renew in the same chat."""

__version__ = "0.1.0"
