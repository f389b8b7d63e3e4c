"""Files of data as arrays: one reader for each kind of file, the same for training and for prediction."""
