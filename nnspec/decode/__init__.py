"""Programs that go on with a sequence: what a language model is decoded with, one token after the other."""
