"""Typed Java for a bundle: a Maven project that builds as it stands."""
