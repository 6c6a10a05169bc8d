"""Floor 8: studies, which run every combination of methods, languages, seeds and sizes."""
