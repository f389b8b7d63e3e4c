"""From syntax to IR: names, compile-time values, shapes; every mistake in the meaning of a spec is found here."""
