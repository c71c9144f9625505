"""Ombud: a customer-support desk to run, embed and trust."""
