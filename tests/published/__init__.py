"""Networks as their public modules have them, to be imported: the code is written anew, in the style of each."""
