"""Pictures of results, each with a caption that says what was measured."""
