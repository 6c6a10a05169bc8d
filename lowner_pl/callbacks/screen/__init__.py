"""What commands print: tables, progress, warnings and the next command."""
