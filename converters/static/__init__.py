"""Readers of model files that parse bytes and execute nothing; every byte is taken for hostile.

Standard library only. What cannot be read raises `Unreadable`, whose message says why.
"""
