"""Files that test and predict write."""
