"""The page of a test's errors."""
