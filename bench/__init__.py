"""Side-by-side measurements: each file is one command and prints the ratios of one run."""
