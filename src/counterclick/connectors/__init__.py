"""In whose words: other people's formats into events, nothing else."""
