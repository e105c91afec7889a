"""The API's resources; one module a noun. They parse and shape; others read and write."""
