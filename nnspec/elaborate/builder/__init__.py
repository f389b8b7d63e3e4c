"""The module under construction: scopes, labels, calls and ties."""
