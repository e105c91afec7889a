"""The libraries in clients/, built by their own tools and run against a real portal."""
