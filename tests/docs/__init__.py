"""The documentation, kept true: its commands are run as they are written, page by page."""
