"""What a checkpoint or a graph holds, said without running it."""
