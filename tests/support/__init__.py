"""What tests of several rooms share: the world of one running process on a real database."""
