"""Options of Trainer that are handed on or refused."""
