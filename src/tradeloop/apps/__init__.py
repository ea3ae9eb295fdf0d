"""People and machines come in here: command line, HTTP, settings, pages."""
