"""The Parameter search dock."""
