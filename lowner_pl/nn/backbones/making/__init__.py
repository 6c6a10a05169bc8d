"""Making backbones: untrained ones with a tokenizer of their own."""
