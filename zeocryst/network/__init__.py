"""Sites, bonds and what follows from them: coordination sequences, rings."""
