"""Workers: one folder a technology; they see the model only."""
