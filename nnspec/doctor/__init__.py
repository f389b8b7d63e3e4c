"""The installation as it is found, and the devices that it can use: `nnspec doctor`."""
