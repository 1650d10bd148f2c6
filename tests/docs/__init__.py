"""The documentation, kept true: its commands are run as they are written, in the order of a reader."""
