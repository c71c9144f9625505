"""Finding tickets by their words. Builders for lists live with the tickets; this keeps the index."""
