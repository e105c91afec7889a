"""What the API's resources look like; one module a noun."""
