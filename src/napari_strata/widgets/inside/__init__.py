"""The Inside the network dock."""
