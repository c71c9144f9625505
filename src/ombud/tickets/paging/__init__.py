"""What belongs to tickets, read in pages from its beginning: comments, tags."""
