"""The read-only Maven 2 repository at /maven/: what published bundles are to a build."""
