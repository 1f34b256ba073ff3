"""The Explain dock."""
